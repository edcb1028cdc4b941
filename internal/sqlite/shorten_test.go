package sqlite

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"usher/moderation"
)

// TestLogStaysShort: the log does not grow without end, and what was in it is
// in the file.
func TestLogStaysShort(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usher.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	const rounds, n = 4, 2500
	for round := range rounds {
		for i := range n {
			g := &moderation.Grant{Account: fmt.Sprint("account", i)}
			copy(g.ID[:], fmt.Sprintf("%08d%08d", round, i))
			if err := s.Apply(t.Context(), moderation.Change{PutGrant: g}); err != nil {
				t.Fatal(err)
			}
		}
		grown := size(t, path+"-wal")
		s.shorten(t.Context())
		if grown < enoughPages*4096 {
			t.Fatalf("the log has %d bytes: the test tests nothing", grown)
		}
		if left := size(t, path+"-wal"); left != 0 {
			t.Errorf("round %d: %d bytes of %d stay in the log", round, left, grown)
		}
	}
	state, err := s.Load(t.Context())
	if err != nil || len(state.Grants) != rounds*n {
		t.Errorf("%d grants, %v", len(state.Grants), err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
