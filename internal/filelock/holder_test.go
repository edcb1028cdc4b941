package filelock

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHolder: the kernel's own word about who has a lock, and nobody once it is free.
func TestHolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usher.lock")
	if pid := Holder(path); pid != 0 {
		t.Errorf("a file that is not there is held by %d", pid)
	}
	f, err := Take(path)
	if err != nil {
		t.Fatal(err)
	}
	if pid := Holder(path); pid != os.Getpid() {
		t.Errorf("held by %d, and this is %d", pid, os.Getpid())
	}
	_, err = Take(path)
	if !errors.Is(err, ErrHeld) || err.Error() != fmt.Sprintf("another usher uses it, process %d", os.Getpid()) {
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if pid := Holder(path); pid != 0 {
		t.Errorf("a free lock is held by %d", pid)
	}
}

const someLocks = `1: POSIX  ADVISORY  WRITE 11 00:1a:77 0 EOF
2: FLOCK  ADVISORY  WRITE 12 00:1b:77 0 EOF
2: -> FLOCK  ADVISORY  WRITE 13 00:1b:77 0 EOF
3: FLOCK  ADVISORY  WRITE 14 fd:00:77 0 EOF
4: FLOCK  ADVISORY  WRITE 15 fd:00:78 0 EOF
5: FLOCK  ADVISORY  WRITE -1 fd:00:79 0 EOF
6: OFDLCK ADVISORY  WRITE -1 fd:00:80 0 EOF
`

func TestFindLock(t *testing.T) {
	for _, c := range []struct {
		device string
		inode  uint64
		want   int
	}{
		{"00:1b", 77, 12},
		{"fd:00", 77, 14},
		{"00:99", 77, 0},  // two have it elsewhere
		{"00:99", 78, 15}, // one alone: the file system tells two devices
		{"fd:00", 79, 0},
		{"fd:00", 80, 0},
		{"fd:00", 81, 0},
	} {
		if got := findLock(someLocks, c.device, c.inode); got != c.want {
			t.Errorf("%s:%d is held by %d, want %d", c.device, c.inode, got, c.want)
		}
	}
}

// FuzzFindLock: who is found stands in the text, in a line of the inode.
func FuzzFindLock(f *testing.F) {
	f.Add(someLocks, "fd:00", uint64(77))
	f.Add("1: FLOCK a b 1 :", "", uint64(0))
	f.Fuzz(func(t *testing.T, locks, device string, inode uint64) {
		pid := findLock(locks, device, inode)
		if pid < 0 || pid > 0 && !strings.Contains(locks, fmt.Sprintf(":%d", inode)) {
			t.Errorf("process %d", pid)
		}
	})
}
