// Package permission answers one question: what keeps the user of this process from a file, and how is that mended? It
// asks the kernel, which knows ACLs, mounts and groups, and reads owners and modes only to tell them. It starts no
// goroutine and has no lock.
package permission

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"usher/internal/text"
)

// What a process may want of a path; they are those of access(2).
const (
	Read  = unix.R_OK
	Write = unix.W_OK
	Enter = unix.X_OK // of a folder: reach what is in it
)

// maxLinks is how many symbolic links are followed, as the kernel does.
const maxLinks = 40

// A Block is the first element of a path that the user of this process may not use.
type Block struct {
	Path string
	Want uint32 // what of Read, Write and Enter was asked of it
	Info fs.FileInfo
}

// Find returns what keeps this process from want of a path: a folder on the way that it may not enter, or the path
// itself. It returns nil if nothing does, or if it is not a right that is missing.
func Find(path string, want uint32) *Block {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil
	}
	at, rest := "/", elements(path)
	for links := 0; len(rest) > 0; {
		if b := blocked(at, Enter); b != nil {
			return b
		}
		next := filepath.Join(at, rest[0])
		rest = rest[1:]
		target, err := os.Readlink(next)
		if err != nil { // no link
			at = next
			continue
		}
		if links++; links > maxLinks {
			return nil
		}
		if filepath.IsAbs(target) {
			at = "/"
		}
		rest = slices.Concat(elements(target), rest)
	}
	return blocked(at, want)
}

func elements(path string) []string {
	return slices.DeleteFunc(strings.Split(path, "/"), func(s string) bool { return s == "" || s == "." })
}

func blocked(path string, want uint32) *Block {
	err := unix.Faccessat(unix.AT_FDCWD, path, want, unix.AT_EACCESS)
	if !errors.Is(err, unix.EACCES) && !errors.Is(err, unix.EROFS) {
		return nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	return &Block{Path: path, Want: want, Info: info}
}

// Text says who may not what: "the user usher may not enter /etc/usher (root:root, 0700)".
func (b *Block) Text() string {
	return fmt.Sprintf("the user %s may not %s %s (%s)", Self(), b.verb(), b.Path, Describe(b.Info))
}

func (b *Block) verb() string {
	switch {
	case b.Want == Enter:
		return "enter"
	case b.Want&Write != 0:
		return "write"
	}
	return "read"
}

// Mend says what gives the right, as commands that root pastes. Of a folder that is not usher's own nothing is changed:
// others may rely on it.
func (b *Block) Mend() string {
	letters := map[string]string{"enter": "x", "read": "r", "write": "rw"}[b.verb()]
	if b.Info.IsDir() && b.Want&Write != 0 {
		letters = "rwx"
	}
	uid, gid := owners(b.Info)
	path, who, group := text.Shell(b.Path), Self(), GroupName(gid)
	switch {
	case uid == os.Geteuid():
		return fmt.Sprintf("chmod u+%s %s", letters, path)
	case mine(gid) && b.own():
		return fmt.Sprintf("chmod g+%s %s", letters, path)
	case gid != 0 && !mine(gid) && b.groupHas(letters):
		return fmt.Sprintf("adduser %s %s, and restart usher", who, group)
	case !b.own():
		return "keep it in a folder of usher's own, as /etc/usher is: " + path + " is none"
	case b.Info.IsDir() && b.Want&Write != 0:
		return fmt.Sprintf("chown %s: %s", who, path)
	}
	return fmt.Sprintf("chgrp %s %s && chmod g+%s %s", GroupName(os.Getegid()), path, letters, path)
}

// own reports whether something is usher's alone: a file that it reads, or a folder that has its name.
func (b *Block) own() bool {
	who := Self()
	return !b.Info.IsDir() || strings.Contains(b.Path, "usher") || who != "root" && strings.Contains(b.Path, who)
}

// groupHas reports whether the group may do what is wanted.
func (b *Block) groupHas(letters string) bool {
	bits := map[rune]fs.FileMode{'r': 0o040, 'w': 0o020, 'x': 0o010}
	for _, letter := range letters {
		if b.Info.Mode()&bits[letter] == 0 {
			return false
		}
	}
	return true
}

// mine reports whether this process is in a group.
func mine(gid int) bool {
	groups, err := os.Getgroups()
	return gid == os.Getegid() || err == nil && slices.Contains(groups, gid)
}

// Describe is how a file's owner, group and mode are told: usher:usher, 0750.
func Describe(info fs.FileInfo) string {
	uid, gid := owners(info)
	return fmt.Sprintf("%s:%s, %04o", UserName(uid), GroupName(gid), info.Mode().Perm())
}

// Owner returns the name of a file's owner.
func Owner(info fs.FileInfo) string {
	uid, _ := owners(info)
	return UserName(uid)
}

func owners(info fs.FileInfo) (uid, gid int) {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(s.Uid), int(s.Gid)
	}
	return -1, -1
}

// Self returns the name of the user of this process, or its number.
func Self() string { return UserName(os.Geteuid()) }

// UserName returns the name of a user, or the number if it has none.
func UserName(uid int) string {
	number := strconv.Itoa(uid)
	if u, err := user.LookupId(number); err == nil {
		return u.Username
	}
	return number
}

// GroupName returns the name of a group, or the number if it has none.
func GroupName(gid int) string {
	number := strconv.Itoa(gid)
	if g, err := user.LookupGroupId(number); err == nil {
		return g.Name
	}
	return number
}
