package sqlite_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"usher/internal/sqlite"
	"usher/internal/storetest"
	"usher/moderation"
	"usher/moderation/sessions"
)

func open(t testing.TB, path string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestConformance(t *testing.T) {
	storetest.Run(t, storetest.Backend{Lasting: true, New: func(t *testing.T) func() storetest.Store {
		path := filepath.Join(t.TempDir(), "state 100%?&#.db") // a path is no URL
		return func() storetest.Store { return open(t, path) }
	}})
}

func TestSecondProcessIsKeptOff(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usher.db")
	s := open(t, path)
	if _, err := sqlite.Open(t.Context(), path, nil); err == nil || !strings.Contains(err.Error(), "another usher") {
		t.Errorf("a second store of the same file: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := open(t, path).Close(); err != nil {
		t.Errorf("after the first was closed: %v", err)
	}
}

// TestBadFiles: what cannot be opened is told, and stays as it is.
func TestBadFiles(t *testing.T) {
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage.db")
	content := strings.Repeat("no database ", 1000)
	if err := os.WriteFile(garbage, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{garbage, filepath.Join(dir, "missing", "usher.db"), dir} {
		s, err := sqlite.Open(t.Context(), path, nil)
		if err == nil {
			_ = s.Close()
			t.Errorf("%s was opened", path)
		} else if !strings.Contains(err.Error(), path) {
			t.Errorf("the error does not name the file: %v", err)
		}
	}
	if kept, err := os.ReadFile(garbage); err != nil || string(kept) != content {
		t.Error("a file that is no state was changed")
	}
}

// TestModes: nobody else reads who is in a meeting.
func TestModes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usher.db")
	s := open(t, path)
	defer s.Close()
	if err := s.Apply(t.Context(), sessions.Change{PutSession: &moderation.Session{}}); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(path + "*")
	if len(files) < 3 {
		t.Fatalf("files %q", files)
	}
	for _, f := range files {
		want := os.FileMode(0o600)
		if strings.HasSuffix(f, ".journal") {
			want = 0o700
		}
		if info, err := os.Stat(f); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has the mode %v", f, info.Mode())
		}
	}
}
