package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/internal/sqlite"
	"usher/moderation"
	"usher/moderation/moderationtest"
	"usher/moderation/sessions"
)

// dead copies a state as it is: what a killed process leaves.
func dead(t testing.TB, path string) string {
	t.Helper()
	to := t.TempDir()
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(path + suffix)
		if err == nil {
			err = os.WriteFile(filepath.Join(to, "usher.db"+suffix), b, 0o600)
		}
		if err != nil && suffix == "" {
			t.Fatal(err)
		}
	}
	if err := os.CopyFS(filepath.Join(to, "usher.db.journal"), os.DirFS(path+".journal")); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(to, "usher.db")
}

func apply(t *testing.T, s *sqlite.Store, changes ...sessions.Change) {
	t.Helper()
	if err := s.Apply(t.Context(), changes...); err != nil {
		t.Fatal(err)
	}
}

func rows(t *testing.T, path, table string) (n int) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow("SELECT count(*) FROM " + table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestBehind: the file follows the journal a moment later, and a closed state has an empty
// journal.
func TestBehind(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usher.db")
	s := open(t, path)
	raw(t, path, "ALTER TABLE sessions RENAME TO away") // or else the file may have it already
	apply(t, s, sessions.Change{PutSession: &moderation.Session{ID: moderation.ID{1}}})
	if st := s.Status(); st.Behind == 0 || st.JournalBytes <= st.Behind || st.FileBytes == 0 || st.Age == 0 {
		t.Errorf("status %+v", st)
	}
	raw(t, path, "ALTER TABLE away RENAME TO sessions")
	for began := time.Now(); s.Status().Behind > 0; time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > 10*time.Second {
			t.Fatalf("status %+v", s.Status())
		}
	}
	if rows(t, path, "sessions") != 1 {
		t.Error("the file does not have it")
	}
	apply(t, s, sessions.Change{PutSession: &moderation.Session{ID: moderation.ID{2}}})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if rows(t, path, "sessions") != 2 {
		t.Error("a closed state has something in its journal alone")
	}
	files, err := os.ReadDir(path + ".journal")
	if err != nil || len(files) != 1 {
		t.Errorf("the journal has %v, %v", files, err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("closed again: %v", err)
	}
}

// TestTail: revocations that only the journal has are in force at once; the rest is there once
// the file has it.
func TestTail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usher.db")
	s := open(t, path)
	stays, gone := &moderation.Revocation{TokenPrint: "stays"}, &moderation.Revocation{TokenPrint: "gone"}
	apply(t, s, sessions.Change{PutRevocation: gone}, sessions.Change{PutRevocation: stays})
	if _, err := moderationtest.Kept(t.Context(), s); err != nil { // the file has them
		t.Fatal(err)
	}
	added := &moderation.Revocation{Host: "h", Issuer: "i", User: "eve", At: time.Unix(1, 0).UTC()}
	apply(t, s, sessions.Change{DeleteRevocation: &auth.Principal{Token: "gone"}})
	apply(t, s, sessions.Change{PutRevocation: added},
		sessions.Change{PutSession: &moderation.Session{ID: moderation.ID{1}}})
	path = dead(t, path)
	raw(t, path, "ALTER TABLE sessions RENAME TO away") // the tail cannot be applied
	next := open(t, path)
	defer next.Close()
	got, err := next.LoadRevocations(t.Context())
	if err != nil || len(got) != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	for _, v := range got {
		if !reflect.DeepEqual(v, *stays) && !reflect.DeepEqual(v, *added) {
			t.Errorf("%+v is revoked", v)
		}
	}
	if _, _, err := next.LoadRooms(t.Context()); err == nil || !strings.Contains(err.Error(), "no such table: sessions") {
		t.Errorf("rooms are loaded without the tail: %v", err)
	}
	raw(t, path, "ALTER TABLE away RENAME TO sessions")
	state, err := moderationtest.Kept(t.Context(), next)
	if err != nil || len(state.Sessions) != 1 {
		t.Errorf("%+v, %v", state, err)
	}
}

// TestFileTrouble: a file that cannot be written loses nothing and refuses no login; it follows
// once it can.
func TestFileTrouble(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usher.db")
	s := open(t, path)
	raw(t, path, "ALTER TABLE sessions RENAME TO away")
	for i := range 10 {
		apply(t, s, sessions.Change{PutSession: &moderation.Session{ID: moderation.ID{byte(i)}}})
		if err := s.Sync(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.LoadStreams(t.Context()); err == nil {
		t.Error("a load does not say that the file is behind")
	}
	if st := s.Status(); st.Behind == 0 || st.Problem == nil || !strings.Contains(st.Problem.Error(), "no such table") {
		t.Errorf("status %+v", st)
	}
	raw(t, path, "ALTER TABLE away RENAME TO sessions")
	if _, err := s.LoadStreams(t.Context()); err != nil {
		t.Error(err)
	}
	if st := s.Status(); st.Behind != 0 || st.Problem != nil {
		t.Errorf("status %+v", st)
	}
	raw(t, path, "ALTER TABLE sessions RENAME TO away")
	apply(t, s, sessions.Change{PutSession: &moderation.Session{ID: moderation.ID{100}}})
	if err := s.Close(); err == nil {
		t.Error("a state that does not follow closes without an error")
	}
	raw(t, path, "ALTER TABLE away RENAME TO sessions")
	next := open(t, path)
	state, err := moderationtest.Kept(t.Context(), next)
	if err != nil || len(state.Sessions) != 11 {
		t.Errorf("%d sessions, %v", len(state.Sessions), err)
	}
	if err := next.Close(); err != nil {
		t.Error(err)
	}
}

// TestWayBack: a state that was exported, used by an older usher and then by this one again finds
// an empty journal in its place, and goes on with it.
func TestWayBack(t *testing.T) {
	path, want := exported(t)
	if err := open(t, path).Close(); err != nil { // all of it is in the file
		t.Fatal(err)
	}
	old := filepath.Join(t.TempDir(), "old.db")
	if _, err := sqlite.Export(t.Context(), path, 3, old); err != nil {
		t.Fatal(err)
	}
	if n := files(t, filepath.Dir(path))["/usher.db-wal"]; n != 0 {
		t.Errorf("a log of %d bytes is left: it would be taken for one of the file that comes into its place", n)
	}
	if err := os.Rename(old, path); err != nil {
		t.Fatal(err)
	}
	s := open(t, path)
	apply(t, s, sessions.Change{PutSession: &moderation.Session{ID: moderation.ID{77}}})
	state, err := moderationtest.Kept(t.Context(), s)
	if err != nil || len(state.Sessions) != len(want.Sessions)+1 {
		t.Errorf("%d sessions, %v", len(state.Sessions), err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestClosed: a closed state refuses.
func TestClosed(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "usher.db"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Secret(t.Context(), "x"); err == nil {
		t.Error("it makes secrets")
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Sync(over); err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("synced: %v", err)
	}
}

// TestAllocations: a login that is recorded costs none.
func TestAllocations(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usher.db")
	s := open(t, path)
	raw(t, path, "ALTER TABLE sessions RENAME TO away") // what the file costs is behind
	defer func() {
		raw(t, path, "ALTER TABLE away RENAME TO sessions")
		_ = s.Close()
	}()
	alice := &moderation.Session{ID: moderation.ID{1}, Account: "alice"}
	ctx, change := t.Context(), []sessions.Change{{PutSession: alice}}
	if n := testing.AllocsPerRun(500, func() {
		if err := s.Apply(ctx, change...); err != nil {
			t.Fatal(err)
		}
	}); n > 0.9 { // a try of the file's
		t.Errorf("%v allocations", n)
	}
}
