package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"

	"usher/internal/text"
	"usher/internal/watch"
)

// maxKeySize bounds a key file in bytes.
const MaxKeySize = 64 << 10

// A fault is why a file cannot be used. It is passing if it may go away while
// the file stays as it is.
type Fault struct {
	Text, Mend string
	Passing    bool
}

// readRegular reads a file of at most most bytes. A device is not even opened,
// which can have effects, and opening does not wait: a FIFO that takes the
// name in between cannot hold up a reload.
func ReadRegular(path string, most int64) ([]byte, fs.FileMode, *Fault) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, openFault(err)
	}
	if !info.Mode().IsRegular() {
		return nil, 0, &Fault{Text: "is a folder or device", Mend: "name a file"}
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, 0, openFault(err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, 0, openFault(err)
	}
	if int64(len(content)) > most {
		return nil, 0, &Fault{Text: fmt.Sprintf("has more than %d KiB", most>>10), Mend: "name the right file, or shorten it"}
	}
	return content, info.Mode().Perm(), nil
}

// read also notes what the file looked like before: what a symlink leads to may
// change in the moment after.
func (r *reader) read(path string, most int64) ([]byte, fs.FileMode, *Fault) {
	if _, there := r.states[path]; !there {
		r.states[path] = watch.Of(path)
	}
	return ReadRegular(path, most)
}

func openFault(err error) *Fault {
	mend := "see that usher's user can read it"
	switch {
	case errors.Is(err, fs.ErrNotExist):
		mend = "create it, or correct the name"
	case errors.Is(err, fs.ErrPermission):
		mend = "let usher's group read it: chmod 640 and chgrp"
	case errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE):
		mend = "raise LimitNOFILE in usher's systemd unit, or find what holds the files"
	}
	passing := passes(err)
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err // the name is in the message already
	}
	return &Fault{"cannot be read: " + err.Error(), mend, passing}
}

// passes reports whether a file may be read later though nothing of it changes
// that a look from outside shows: the process or the machine is short of
// something, a network file system is away, or a right was only just given. A
// file that is missing, or too long, changes before it is good.
func passes(err error) bool {
	for _, e := range []error{
		syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.ENOSPC, syscall.EDQUOT, syscall.EIO, syscall.EAGAIN, syscall.EINTR,
		syscall.EBUSY, syscall.ETXTBSY, syscall.ESTALE, syscall.ETIMEDOUT, syscall.EHOSTDOWN, syscall.ENOLCK, syscall.EACCES, syscall.EPERM,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// file reads a key file that the configuration names, once however often it
// is named.
func (it item) file(noun string, private bool) ([]byte, bool) {
	path := it.r.resolve(it.text)
	if !slices.Contains(it.r.files, path) {
		it.r.files = append(it.r.files, path)
	}
	if content, ok := it.r.contents[path]; ok {
		return content, true
	}
	content, mode, fault := it.r.read(path, MaxKeySize)
	if fault != nil {
		it.problem(fault.Mend, "the %s %q %s", noun, text.Clip(it.text), fault.Text)
		it.r.markPassing(fault.Passing)
		return nil, false
	}
	if private && mode&0o007 != 0 {
		it.warn("chmod 640 "+text.Clip(path), "the %s %q is open to every user of this machine", noun, text.Clip(it.text))
	}
	it.r.contents[path] = content
	return content, true
}

// keyProblem cuts auth's errors at the semicolon that stands before the advice.
func (it item) keyProblem(noun string, err error) {
	what, mend, found := strings.Cut(err.Error(), "; ")
	if !found {
		mend = "put the right content into the file, or name another"
	}
	it.problem(mend, "the %s %q: %s", noun, text.Clip(it.text), what)
}
