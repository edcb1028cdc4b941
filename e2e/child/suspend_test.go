package child_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"usher/e2e/child"
)

// busyFile names, in the environment of a process that is this test's program, the file that it writes all the time.
const busyFile = "CHILD_TEST_BUSY_FILE"

func TestMain(m *testing.M) {
	if path := os.Getenv(busyFile); path != "" {
		keepWriting(path)
	}
	os.Exit(m.Run())
}

// keepWriting has several threads write, so that the one that is told of a signal seldom is one that runs.
func keepWriting(path string) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		os.Exit(1)
	}
	for range 8 {
		go func() {
			for {
				if _, err := f.WriteString("x"); err != nil {
					os.Exit(1)
				}
			}
		}()
	}
	select {}
}

// TestSuspend: a process does nothing once it was suspended, goes on, and can be suspended again.
func TestSuspend(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), busyFile+"="+path)
	p, err := child.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	written := func() int64 {
		info, err := os.Stat(path)
		if err != nil {
			return 0
		}
		return info.Size()
	}
	for range 20 {
		for seen := written(); written() == seen; time.Sleep(time.Millisecond) {
			select {
			case <-p.Done():
				t.Fatal("it has ended: ", p.Err())
			default:
			}
		}
		if err := p.Suspend(); err != nil {
			t.Fatal(err)
		}
		seen := written()
		time.Sleep(5 * time.Millisecond)
		if more := written() - seen; more != 0 {
			t.Fatalf("it has written %d bytes while it was suspended", more)
		}
		if err := p.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
	}
	p.Kill()
	if err := p.Suspend(); err == nil {
		t.Error("what has ended was suspended")
	}
}
