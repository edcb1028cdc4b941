package disk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

const (
	maxLinks = 40
	maxFile  = 1 << 20 // bytes
	maxNames = 10000   // in a folder
)

// A Tree is a machine's files, or those of a folder that stands for one.
type Tree struct {
	root *os.Root
}

// Open opens the folder that stands for the root.
func Open(dir string) (*Tree, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &Tree{root}, nil
}

// Close closes the folder.
func (t *Tree) Close() error { return t.root.Close() }

// A File is a file under the name at which it really is.
type File struct{ Path, Text string }

// Read returns the file that an absolute name leads to; found is false if there is none.
func (t *Tree) Read(name string) (f File, found bool, err error) {
	name, err = t.resolve(name)
	if errors.Is(err, fs.ErrNotExist) {
		return File{}, false, nil
	}
	if err != nil {
		return File{}, false, err
	}
	text, _, err := t.read(name)
	if err != nil {
		return File{}, false, err
	}
	return File{name, text}, true, nil
}

// read reads a regular file, whose name has no links.
func (t *Tree) read(name string) (string, fs.FileInfo, error) {
	dir, err := t.folder(name)
	if err != nil {
		return "", nil, err
	}
	defer dir.Close()
	return readIn(dir, name)
}

func readIn(dir *os.Root, name string) (string, fs.FileInfo, error) {
	if info, err := dir.Lstat(path.Base(name)); err != nil || !info.Mode().IsRegular() {
		return "", nil, cmpErr(err, fmt.Errorf("%s is no regular file", name))
	}
	file, err := dir.Open(path.Base(name))
	if err != nil {
		return "", nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return "", nil, cmpErr(err, fmt.Errorf("%s is no regular file", name))
	}
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil || len(text) > maxFile {
		return "", nil, cmpErr(err, fmt.Errorf("%s has more than 1 MiB", name))
	}
	return string(text), info, nil
}

// cmpErr returns the first of two errors that is one.
func cmpErr(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

// List returns the names in a folder, in order; none if there is no such folder.
func (t *Tree) List(folder string) []string {
	name, err := t.resolve(folder)
	if err != nil {
		return nil
	}
	dir, err := t.root.Open(relative(name))
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(maxNames)
	slices.Sort(names)
	return names
}

// folder opens the folder of a file, whose name has no links: one that became a link meanwhile is refused. Who owns a
// folder on the way could else have another file of the machine replaced.
func (t *Tree) folder(name string) (*os.Root, error) {
	dir, err := t.root.OpenRoot(".")
	if err != nil {
		return nil, err
	}
	for next := range strings.SplitSeq(relative(path.Dir(name)), "/") {
		below, err := step(dir, next)
		err = errors.Join(err, dir.Close())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		dir = below
	}
	return dir, nil
}

// step opens a folder of a folder. It is the one that was there under that name itself, and no link led to it.
func step(dir *os.Root, next string) (*os.Root, error) {
	named, err := dir.Lstat(next)
	if err != nil {
		return nil, err
	}
	below, err := dir.OpenRoot(next)
	if err != nil {
		return nil, err
	}
	opened, err := below.Stat(".")
	if err == nil && !os.SameFile(named, opened) {
		err = fmt.Errorf("the folder %s has become a link", next)
	}
	if err != nil {
		return nil, errors.Join(err, below.Close())
	}
	return below, nil
}

// relative is an absolute name as the root takes it.
func relative(name string) string {
	if name = strings.TrimPrefix(path.Clean(name), "/"); name == "" {
		return "."
	}
	return name
}

// resolve follows all links of an absolute name. What it leads to has to be in the same part of the machine.
func (t *Tree) resolve(name string) (string, error) {
	if !path.IsAbs(name) || strings.ContainsRune(name, 0) {
		return "", fmt.Errorf("%q is no absolute name", name)
	}
	rest, done, links := strings.Split(strings.Trim(path.Clean(name), "/"), "/"), "/", 0
	for len(rest) > 0 {
		next := rest[0]
		rest = rest[1:]
		switch next {
		case "", ".":
			continue
		case "..":
			done = path.Dir(done)
			continue
		}
		at := path.Join(done, next)
		info, err := t.root.Lstat(relative(at))
		if err != nil {
			return "", err
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			done = at
			continue
		}
		if links++; links > maxLinks {
			return "", fmt.Errorf("%s: too many links", name)
		}
		target, err := t.root.Readlink(relative(at))
		if err != nil {
			return "", err
		}
		if path.IsAbs(target) {
			done = "/"
		}
		rest = append(strings.Split(target, "/"), rest...)
	}
	if part(done) != part(path.Clean(name)) {
		return "", fmt.Errorf("%s leads to %s, out of %s: it is left alone", name, done, part(path.Clean(name)))
	}
	return done, nil
}

// part is the part of the machine that a name is in: /etc/prosody, /usr/share.
func part(name string) string {
	parts := strings.SplitN(strings.Trim(name, "/"), "/", 3)
	return "/" + strings.Join(parts[:min(2, len(parts))], "/")
}
