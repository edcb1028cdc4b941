package sqlite_test

import (
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"usher/internal/journal"
	"usher/internal/sqlite"
	"usher/moderation"
	"usher/moderation/moderationtest"
	"usher/moderation/sessions"
)

// A faultyDisk makes segments that fail as a test wants.
type faultyDisk struct {
	mu     sync.Mutex
	syncs  error
	frozen chan struct{} // nil: it is not
}

func (d *faultyDisk) set(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
}

func (d *faultyDisk) create(path string) (journal.File, error) {
	f, err := journal.Create(path)
	if err != nil {
		return nil, err
	}
	return &faultyFile{f, d}, nil
}

type faultyFile struct {
	journal.File
	disk *faultyDisk
}

func (f *faultyFile) Write(b []byte) (int, error) {
	f.disk.mu.Lock()
	frozen := f.disk.frozen
	f.disk.mu.Unlock()
	if frozen != nil {
		<-frozen
	}
	return f.File.Write(b)
}

func (f *faultyFile) Sync() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.disk.syncs != nil {
		return f.disk.syncs
	}
	return f.File.Sync()
}

func openFaulty(t *testing.T, path string, o journal.Options) (*sqlite.Store, *faultyDisk) {
	t.Helper()
	d := &faultyDisk{}
	o.Create = d.create
	s, err := sqlite.OpenWith(t.Context(), path, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	return s, d
}

// TestSyncFails: what the journal's disk does not take is durable once the file has it, and is
// not said to be before.
func TestSyncFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usher.db")
	s, disk := openFaulty(t, path, journal.Options{})
	defer s.Close()
	revoked := sessions.Change{PutRevocation: &moderation.Revocation{TokenPrint: "t"}}
	disk.set(func() { disk.syncs = errors.New("input/output error") })
	apply(t, s, revoked)
	if err := s.Sync(t.Context()); err != nil || rows(t, path, "revocations") != 1 {
		t.Errorf("while the file has it: %v", err)
	}
	raw(t, path, "ALTER TABLE revocations RENAME TO away")
	apply(t, s, revoked)
	if err := s.Sync(t.Context()); !errors.Is(err, journal.ErrUnsure) || s.Status().Problem == nil {
		t.Errorf("while the file does not have it: %v", err)
	}
	raw(t, path, "ALTER TABLE away RENAME TO revocations")
	if err := s.Sync(t.Context()); err != nil || s.Status().Problem != nil {
		t.Errorf("with the file: %v, %+v", err, s.Status())
	}
}

// TestStuck: while a write hangs changes are refused at once, and status says why; what hung is
// kept.
func TestStuck(t *testing.T) {
	s, disk := openFaulty(t, filepath.Join(t.TempDir(), "usher.db"), journal.Options{})
	defer s.Close()
	thaw := make(chan struct{})
	disk.set(func() { disk.frozen = thaw })
	var hangs sync.WaitGroup
	hangs.Go(func() { apply(t, s, sessions.Change{PutSession: &moderation.Session{ID: moderation.ID{1}}}) })
	for began := time.Now(); !s.Status().Stuck; time.Sleep(time.Millisecond) {
		if time.Since(began) > 10*time.Second {
			t.Fatal("it is not stuck")
		}
	}
	err := s.Apply(t.Context(), sessions.Change{PutSession: &moderation.Session{ID: moderation.ID{2}}})
	if !errors.Is(err, journal.ErrStuck) {
		t.Errorf("while it hangs: %v", err)
	}
	disk.set(func() { disk.frozen = nil })
	close(thaw)
	hangs.Wait()
	apply(t, s, sessions.Change{PutSession: &moderation.Session{ID: moderation.ID{3}}})
	state, err := moderationtest.Kept(t.Context(), s)
	if err != nil || len(state.Sessions) != 2 {
		t.Errorf("%+v, %v", state.Sessions, err)
	}
}

// TestFull: changes are refused when the file is too far behind, and taken again when it follows.
func TestFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usher.db")
	s, _ := openFaulty(t, path, journal.Options{MaxBytes: 1000})
	raw(t, path, "ALTER TABLE sessions RENAME TO away")
	var err error
	n := 0
	for ; err == nil && n < 1000; n++ {
		err = s.Apply(t.Context(), sessions.Change{PutSession: &moderation.Session{ID: moderation.ID{1, byte(n)}}})
	}
	if !errors.Is(err, journal.ErrBehind) {
		t.Fatalf("after %d changes: %v", n, err)
	}
	raw(t, path, "ALTER TABLE away RENAME TO sessions")
	state, err := moderationtest.Kept(t.Context(), s)
	if err != nil || len(state.Sessions) != n-1 {
		t.Errorf("%d sessions of %d, %v", len(state.Sessions), n-1, err)
	}
	apply(t, s, sessions.Change{PutSession: &moderation.Session{ID: moderation.ID{2}}})
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
