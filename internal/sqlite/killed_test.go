package sqlite_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"usher/internal/sqlite"
	"usher/moderation"
	"usher/moderation/sessions"
)

var killedLogins = flag.Int("killed-logins", 50_000, "logins that TestKilled records")

// TestKilled: whatever Apply has confirmed is there after a kill -9, at any moment of writing
// at full speed, of the file that follows, of a start, and the file and the journal are whole.
func TestKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usher.db")
	next, rounds := 0, 0
	for ; next < *killedLogins || rounds < 10; rounds++ {
		next = killWriter(t, path, next)
		if _, err := os.Stat(path); next == 0 && errors.Is(err, fs.ErrNotExist) {
			continue // it was killed before it had begun
		}
		if rounds%20 != 0 && *killedLogins > 100_000 {
			continue // it reads everything
		}
		if r, err := sqlite.Check(t.Context(), path); err != nil || len(r.Problems) > 0 {
			t.Fatalf("round %d: %+v, %v", rounds, r, err)
		}
	}
	there := make([]bool, next)
	s := open(t, path)
	for g, err := range s.Sessions(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if n := binary.BigEndian.Uint64(g.ID[8:]); n < uint64(next) {
			there[n] = true
		}
	}
	for n, ok := range there {
		if !ok {
			t.Fatalf("login %d of %d is lost", n, next)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	t.Logf("%d logins, killed %d times", next, rounds)
}

// killWriter has a process write logins from a number on, kills it, and returns the first one
// that was not confirmed.
func killWriter(t *testing.T, path string, next int) int {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestWriterProcess$")
	child.Env = append(os.Environ(), "WRITE_STATE="+path, fmt.Sprintf("WRITE_FROM=%d", next))
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	kill := time.AfterFunc(time.Duration(rand.Int64N(int64(150*time.Millisecond))), func() { _ = child.Process.Kill() })
	defer kill.Stop()
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var wrote int
		if n, _ := fmt.Sscanf(lines.Text(), "wrote %d", &wrote); n != 1 {
			_ = child.Process.Kill()
			if lines.Text() == "" { // the kill came in the middle of a line
				break
			}
			t.Fatalf("the writer says %q", lines.Text())
		}
		next = wrote + 1
	}
	_ = child.Wait()
	return next
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
		g := &moderation.Session{Account: "alice", LoggedIn: time.Now()}
		binary.BigEndian.PutUint64(g.ID[8:], uint64(i))
		if err := s.Apply(context.Background(), sessions.Change{PutSession: g}); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stdout.WriteString(fmt.Sprintln("wrote", i)); err != nil {
			t.Fatal(err)
		}
	}
}
