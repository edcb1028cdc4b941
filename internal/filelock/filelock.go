// Package filelock answers one question: is this process the only one that uses
// something? A lock belongs to an open file (flock(2)) and ends with the process,
// however that ends. It starts no goroutine and never waits.
package filelock

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// ErrHeld says that another process, or another open file of this one, has the lock.
var ErrHeld = errors.New("another usher uses it")

// Take opens the file at path, which it makes if it is not there, and takes its lock.
// The lock ends when the file is closed. A symbolic link is not followed. The error
// is [ErrHeld], with the process that has it, or that of the file.
func Take(path string) (*os.File, error) { return take(path, os.O_CREATE|os.O_RDWR) }

// TakeExisting is [Take] of a file that is there, and makes none: the error is then
// [fs.ErrNotExist].
func TakeExisting(path string) (*os.File, error) { return take(path, os.O_RDONLY) }

func take(path string, flags int) (*os.File, error) {
	f, err := os.OpenFile(path, flags|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	switch {
	case err == nil:
		return f, nil
	case errors.Is(err, unix.EWOULDBLOCK):
		err = &heldError{holderOf(f)}
	default:
		err = fmt.Errorf("locking %s: %w", path, err)
	}
	_ = f.Close()
	return nil, err
}
