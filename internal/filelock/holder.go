package filelock

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// A heldError is [ErrHeld] with the process that has the lock, or 0.
type heldError struct{ pid int }

// Error names the process, if it is known.
func (e *heldError) Error() string {
	if e.pid == 0 {
		return ErrHeld.Error()
	}
	return fmt.Sprintf("%v, process %d", ErrHeld, e.pid)
}

// Is reports whether err is [ErrHeld].
func (e *heldError) Is(err error) bool { return err == ErrHeld }

// Holder returns the process that has the lock of the file at path, or 0 if none has, or if that cannot be told, as
// of a process in another container. It does not touch the lock.
func Holder(path string) int {
	info, err := os.Lstat(path)
	if err != nil {
		return 0
	}
	return holder(info)
}

func holderOf(f *os.File) int {
	info, err := f.Stat()
	if err != nil {
		return 0
	}
	return holder(info)
}

func holder(info os.FileInfo) int {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0
	}
	for range lookTimes {
		locks, err := os.ReadFile("/proc/locks")
		if err != nil {
			return 0
		}
		if pid := findLock(string(locks), fmt.Sprintf("%02x:%02x", unix.Major(s.Dev), unix.Minor(s.Dev)), s.Ino); pid != 0 {
			return pid
		}
	}
	return 0
}

// lookTimes is how often the locks are read: the kernel counts its way through their list from one read to the next, so
// that one is passed over where others end meanwhile.
const lookTimes = 5

// findLock looks in a text of /proc/locks (proc_locks(5)) for who has the flock of an inode. Some file systems show
// another device there than to stat(2): then an inode that is there once is taken for it.
func findLock(locks, device string, inode uint64) int {
	found, others := 0, 0
	for line := range strings.Lines(locks) {
		f := strings.Fields(line)
		if len(f) < 6 || f[1] != "FLOCK" { // one that waits has an arrow there
			continue
		}
		pid, err := strconv.Atoi(f[4])
		on, ino, _ := cutLast(f[5], ":")
		if err != nil || pid <= 0 || ino != strconv.FormatUint(inode, 10) {
			continue
		}
		if on == device {
			return pid
		}
		found, others = pid, others+1
	}
	if others != 1 {
		return 0
	}
	return found
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
