package sqlite

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/moderation"
	"usher/moderation/moderationtest"
	"usher/moderation/sessions"
)

// openStill opens a file whose log nobody moves but the test.
func openStill(t *testing.T, path string) *Store {
	t.Helper()
	s, err := openEvery(t.Context(), path, 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestLogStaysShort: the log does not grow without end, and what was in it is
// in the file.
func TestLogStaysShort(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usher.db")
	s := openStill(t, path)
	const rounds, n = 4, 2500
	for round := range rounds {
		for i := range n {
			g := &moderation.Session{Account: fmt.Sprint("account", i)}
			copy(g.ID[:], fmt.Sprintf("%08d%08d", round, i))
			if err := s.Apply(t.Context(), sessions.Change{PutSession: g}); err != nil {
				t.Fatal(err)
			}
		}
		grown := size(t, path+"-wal")
		s.wal.checkpoint(t.Context())
		if grown < enoughPages*4096 {
			t.Fatalf("the log has %d bytes: the test tests nothing", grown)
		}
		if left := size(t, path+"-wal"); left != 0 {
			t.Errorf("round %d: %d bytes of %d stay in the log", round, left, grown)
		}
	}
	state, err := moderationtest.Kept(t.Context(), s)
	if err != nil || len(state.Sessions) != rounds*n {
		t.Errorf("%d sessions, %v", len(state.Sessions), err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestLogIsNotWrittenOver: where a write stands in the log no other is written
// in its place, as nothing is synced between the two. A log begun anew has
// another salt in its head.
func TestLogIsNotWrittenOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usher.db")
	s := openStill(t, path)
	n := 0
	write := func() {
		t.Helper()
		n++
		g := &moderation.Session{Account: "alice"}
		copy(g.ID[:], fmt.Sprintf("%016d", n))
		if err := s.Apply(t.Context(), sessions.Change{PutSession: g}); err != nil {
			t.Fatal(err)
		}
	}
	write()
	before := head(t, path)
	for range 5 {
		s.wal.checkpoint(t.Context())
		if c, err := s.wal.size(t.Context()); err != nil || c.pages == 0 || c.moved != c.pages {
			t.Fatalf("%+v, %v: the log was not moved, so the test tests nothing", c, err)
		}
		s.wal.checkpoint(t.Context()) // once more, with nothing to do
		write()
		write()
		if head(t, path) != before {
			t.Fatal("the log was begun anew over what stood in it")
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestPowerFailure: of what was written since the log was last synced the disk
// may have any blocks and lack any others. Whatever it has, the file is whole,
// and what had been synced is there.
func TestPowerFailure(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "usher.db")
	s := openStill(t, path)
	random := rand.New(rand.NewPCG(1, 2))
	n := 0
	write := func(many int) {
		t.Helper()
		for range many {
			g := &moderation.Session{Account: strings.Repeat("a", 300)}
			copy(g.ID[:], fmt.Sprintf("%08x%08d", random.Uint32(), n)) // all over the tree
			if err := s.Apply(t.Context(), sessions.Change{PutSession: g}); err != nil {
				t.Fatal(err)
			}
			n++
		}
	}
	for round := range 40 {
		write(1 + random.IntN(30))
		s.wal.checkpoint(t.Context())
		synced, safe := read(t, path+"-wal"), n
		write(1 + random.IntN(30))
		failed := filepath.Join(dir, fmt.Sprint("failed", round, ".db"))
		put(t, failed, read(t, path))
		put(t, failed+"-wal", mix(random, synced, read(t, path+"-wal")))
		after, err := Open(t.Context(), failed)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		state, err := moderationtest.Kept(t.Context(), after)
		if err != nil || len(state.Sessions) < safe || len(state.Sessions) > n {
			t.Errorf("round %d: %d sessions of %d to %d, %v", round, len(state.Sessions), safe, n, err)
		}
		var verdict string
		if err := after.db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
			t.Fatalf("round %d: %v, %v", round, verdict, err)
		}
		if err := after.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// mix takes each block from one of two versions of a file; where the older has
// none there are zeros.
func mix(random *rand.Rand, older, newer []byte) []byte {
	const block = 4096
	out := slices.Clone(newer)
	for at := 0; at < len(out); at += block {
		if random.IntN(2) == 0 {
			continue
		}
		part := out[at:min(at+block, len(out))]
		clear(part)
		if at < len(older) {
			copy(part, older[at:])
		}
	}
	return out
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func put(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// head returns the 32 bytes that the log begins with.
func head(t *testing.T, path string) (h [32]byte) {
	t.Helper()
	if copy(h[:], read(t, path+"-wal")) != len(h) {
		t.Fatal("the log has no head")
	}
	return h
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
