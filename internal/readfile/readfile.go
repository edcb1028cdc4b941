// Package readfile answers one question: what is in a file that an operator
// names, or why can it not be used, and what helps? It starts no goroutine and
// has no lock.
package readfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"

	"usher/internal/permission"
)

// A Fault is why a file cannot be used.
type Fault struct {
	Text    string // what follows the file's name: "cannot be read: …"
	Mend    string // what to do about it
	Passing bool   // it may go away while the file stays as it is
}

// Regular reads a file of at most most bytes, and returns its permissions, too. A
// device is not even opened, which can have effects, and opening does not wait: a
// FIFO that takes the name in between cannot hold up a reload.
func Regular(path string, most int64) ([]byte, fs.FileMode, *Fault) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, faultOf(path, err)
	}
	if !info.Mode().IsRegular() {
		return nil, 0, &Fault{Text: "is a folder or device", Mend: "name a file"}
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, 0, faultOf(path, err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, 0, faultOf(path, err)
	}
	if int64(len(content)) > most {
		return nil, 0, &Fault{
			Text: fmt.Sprintf("has more than %d KiB", most>>10),
			Mend: "name the right file, or shorten it",
		}
	}
	return content, info.Mode().Perm(), nil
}

func faultOf(path string, err error) *Fault {
	mend, who := "see that usher's user can read it", ""
	switch {
	case errors.Is(err, fs.ErrNotExist):
		mend = "create it, or correct the name"
	case errors.Is(err, fs.ErrPermission):
		mend = "let usher's group read it: chmod 640 and chgrp"
		if b := permission.Find(path, permission.Read); b != nil {
			mend, who = b.Mend(), ": "+b.Text()
		}
	case errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE):
		mend = "raise LimitNOFILE in usher's systemd unit, or find what holds the files"
	}
	passing := passes(err)
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err // the name is in the message already
	}
	return &Fault{"cannot be read: " + err.Error() + who, mend, passing}
}

// passes reports whether a file may be read later though nothing of it changes
// that a look from outside shows: the process or the machine is short of
// something, a network file system is away, or a right was only just given. A
// file that is missing, or too long, changes before it is good.
func passes(err error) bool {
	for _, e := range []error{
		syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.ENOSPC, syscall.EDQUOT, syscall.EIO, syscall.EAGAIN,
		syscall.EINTR, syscall.EBUSY, syscall.ETXTBSY, syscall.ESTALE, syscall.ETIMEDOUT, syscall.EHOSTDOWN,
		syscall.ENOLCK, syscall.EACCES, syscall.EPERM,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
