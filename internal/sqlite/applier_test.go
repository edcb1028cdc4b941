package sqlite

import (
	"errors"
	"log/slog"
	"path/filepath"
	"testing"

	"usher/internal/record"
	"usher/moderation"
	"usher/moderation/sessions"
)

// A diskBefore is what an applier asks before it writes: nobody writes the file by then.
type diskBefore struct {
	t     *testing.T
	path  string
	asked int
	fails error
}

func (d *diskBefore) Write(b []byte) (int, error) {
	if d.asked++; len(b) > 0 {
		d.t.Errorf("%d bytes are written", len(b))
	}
	db, err := connect(d.path, "_txlock=immediate")
	if err != nil {
		d.t.Fatal(err)
	}
	defer db.Close()
	tx, err := db.BeginTx(d.t.Context(), nil)
	if err != nil {
		d.t.Fatalf("something is being written: %v", err)
	}
	if err := tx.Rollback(); err != nil {
		d.t.Error(err)
	}
	return 0, d.fails
}

// TestDiskFirst: SQLite is told to write when the file system takes writes, and not before.
func TestDiskFirst(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usher.db")
	s, err := Open(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	change := sessions.Change{PutSession: &moderation.Session{ID: moderation.ID{1}}}
	end, err := s.journal.Append(t.Context(), record.AppendSessions(nil, change)) // its own applier is not told
	if err != nil {
		t.Fatal(err)
	}
	conn, err := s.db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	disk := &diskBefore{t: t, path: path, fails: errors.New("input/output error")}
	from, _, _ := s.applier.state()
	a := newApplier(s.journal, disk, from, slog.New(slog.DiscardHandler))
	if to, _, err := a.batch(t.Context(), newWriter(conn), from); !errors.Is(err, disk.fails) || to != from {
		t.Errorf("with a disk that fails it is at %v: %v", to, err)
	}
	disk.fails = nil
	if to, _, err := a.batch(t.Context(), newWriter(conn), from); err != nil || to != end || disk.asked != 2 {
		t.Errorf("it is at %v, not %v: %v; asked %d times", to, end, err, disk.asked)
	}
	if to, _, err := a.batch(t.Context(), newWriter(conn), end); err != nil || to != end || disk.asked != 2 {
		t.Errorf("with nothing to write: %v, asked %d times", err, disk.asked)
	}
}
