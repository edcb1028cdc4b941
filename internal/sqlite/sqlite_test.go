package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usher/internal/sqlite"
	"usher/internal/storetest"
	"usher/moderation"
	"usher/moderation/moderationtest"
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

// TestKilled: whatever Apply has confirmed is there after a kill -9, at any
// moment, and the file is whole.
func TestKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usher.db")
	confirmed := -1
	for round := range 10 {
		child := exec.Command(os.Args[0], "-test.run=^TestWriterProcess$")
		child.Env = append(os.Environ(), "WRITE_STATE="+path, fmt.Sprintf("WRITE_FROM=%d", confirmed+1))
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		kill := time.AfterFunc(time.Duration(50+round*17)*time.Millisecond, func() { _ = child.Process.Kill() })
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if _, err := fmt.Sscanf(lines.Text(), "wrote %d", &confirmed); err != nil {
				t.Fatalf("the writer says %q", lines.Text())
			}
		}
		_ = child.Wait()
		kill.Stop()
		if n := count(t, path); n < confirmed+1 {
			t.Fatalf("round %d: %d sessions are there, %d were confirmed", round, n, confirmed+1)
		}
	}
	if confirmed < 50 {
		t.Fatalf("only %d writes in all: the test tested nothing", confirmed)
	}
}

func count(t *testing.T, path string) int {
	t.Helper()
	s := open(t, path)
	state, err := moderationtest.Kept(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return len(state.Sessions)
}

// TestWriterProcess is the process that TestKilled kills.
func TestWriterProcess(t *testing.T) {
	path := os.Getenv("WRITE_STATE")
	if path == "" {
		t.Skip("only as a child of TestKilled")
	}
	var from int
	fmt.Sscan(os.Getenv("WRITE_FROM"), &from)
	s := open(t, path)
	for i := from; ; i++ {
		g := &moderation.Session{Account: "alice"}
		copy(g.ID[:], fmt.Sprintf("%016d", i))
		if err := s.Apply(context.Background(), sessions.Change{PutSession: g}); err != nil {
			t.Fatal(err)
		}
		fmt.Println("wrote", i)
	}
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
