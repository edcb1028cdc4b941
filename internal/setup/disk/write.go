package disk

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"syscall"
)

// ErrChanged says that a file is no longer what it was when it was read.
var ErrChanged = errors.New("the file has been changed meanwhile")

// An Owner is whose a file is to be, by numbers.
type Owner struct{ UID, GID int }

// Replace gives a file another text, if it still has the old one. It keeps owner, group and mode.
func (t *Tree) Replace(name, old, text string) error {
	dir, err := t.folder(name)
	if err != nil {
		return err
	}
	defer dir.Close()
	now, info, err := readIn(dir, name)
	if err != nil {
		return err
	}
	if now != old {
		return fmt.Errorf("%s: %w", name, ErrChanged)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fmt.Errorf("%s: no owner", name)
	}
	temporary, err := write(dir, name, text, Owner{int(stat.Uid), int(stat.Gid)}, info.Mode().Perm())
	if err != nil {
		return err
	}
	if err := dir.Rename(temporary, path.Base(name)); err != nil {
		return errors.Join(err, dir.Remove(temporary))
	}
	return syncFolder(dir)
}

// Create makes a file, which must not be there yet.
func (t *Tree) Create(name, text string, owner Owner, mode fs.FileMode) error {
	dir, err := t.folder(name)
	if err != nil {
		return err
	}
	defer dir.Close()
	temporary, err := write(dir, name, text, owner, mode)
	if err != nil {
		return err
	}
	if err := errors.Join(dir.Link(temporary, path.Base(name)), dir.Remove(temporary)); err != nil {
		return fmt.Errorf("making %s: %w", name, err)
	}
	return syncFolder(dir)
}

// Remove takes a file away, if it still has a text.
func (t *Tree) Remove(name, text string) error {
	dir, err := t.folder(name)
	if err != nil {
		return err
	}
	defer dir.Close()
	now, _, err := readIn(dir, name)
	if err != nil {
		return err
	}
	if now != text {
		return fmt.Errorf("%s: %w", name, ErrChanged)
	}
	return errors.Join(dir.Remove(path.Base(name)), syncFolder(dir))
}

// Folder makes a folder if it is not there. One that is there keeps its owner and mode.
func (t *Tree) Folder(name string, owner Owner, mode fs.FileMode) error {
	if _, err := t.resolve(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	dir, err := t.folder(name)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := dir.Mkdir(path.Base(name), 0o700); err != nil {
		return err
	}
	return errors.Join(dir.Lchown(path.Base(name), owner.UID, owner.GID),
		dir.Chmod(path.Base(name), mode), syncFolder(dir))
}

// write makes a temporary file beside another: its owner, group and mode come before its first byte.
func write(dir *os.Root, beside, text string, owner Owner, mode fs.FileMode) (name string, err error) {
	name = "." + path.Base(beside) + ".usher-" + rand.Text()
	file, err := dir.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	defer func() {
		if err = errors.Join(err, file.Close()); err != nil {
			err = errors.Join(fmt.Errorf("writing beside %s: %w", beside, err), dir.Remove(name))
		}
	}()
	if err := file.Chown(owner.UID, owner.GID); err != nil {
		return "", err
	}
	if err := file.Chmod(mode); err != nil {
		return "", err
	}
	if _, err := file.WriteString(text); err != nil {
		return "", err
	}
	return name, file.Sync()
}

func syncFolder(dir *os.Root) error {
	file, err := dir.Open(".")
	if err != nil {
		return err
	}
	defer file.Close()
	return file.Sync()
}
