package try

import (
	"bytes"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"usher/internal/permission"
)

// A process is one of Prosody's on this machine.
type process struct {
	pid, uid int
	gids     []int
}

// An owner is that of a file.
type owner struct{ uid, gid int }

// maxProcesses bounds how many of Prosody's are looked at.
const maxProcesses = 8

// prosodies finds what runs of Prosody here.
func prosodies() (list []process) {
	found, _ := filepath.Glob("/proc/[0-9]*/cmdline") // the pattern is a good one
	for _, name := range found {
		line, err := os.ReadFile(name)
		if err != nil || !isProsody(line) || len(list) == maxProcesses {
			continue
		}
		folder := filepath.Dir(name)
		if p, ok := readProcess(folder); ok && isNative(folder) {
			list = append(list, p)
		}
	}
	return list
}

// isProsody knows Debian's way to start it: lua5.4 /usr/bin/prosody -F.
func isProsody(line []byte) bool {
	args := bytes.Split(line, []byte{0})
	for i, a := range args {
		if base := filepath.Base(string(a)); i < 2 && base == "prosody" {
			return i == 0 || strings.HasPrefix(filepath.Base(string(args[0])), "lua")
		}
	}
	return false
}

// isNative tells whether a process is in no container: there its files and users are others.
func isNative(folder string) bool {
	its, err := os.Readlink(filepath.Join(folder, "ns", "pid"))
	ours, bad := os.Readlink("/proc/self/ns/pid")
	return err == nil && bad == nil && its == ours
}

// readProcess reads as whom a process acts.
func readProcess(folder string) (p process, ok bool) {
	p.pid, _ = strconv.Atoi(filepath.Base(folder))
	status, err := os.ReadFile(filepath.Join(folder, "status"))
	if err != nil {
		return p, false
	}
	for line := range strings.Lines(string(status)) {
		name, rest, _ := strings.Cut(line, ":")
		var ids []int
		for f := range strings.FieldsSeq(rest) {
			if n, err := strconv.Atoi(f); err == nil {
				ids = append(ids, n)
			}
		}
		switch {
		case name == "Uid" && len(ids) > 1:
			p.uid, ok = ids[1], true
		case name == "Gid" && len(ids) > 1:
			p.gids = append(p.gids, ids[1])
		case name == "Groups":
			p.gids = append(p.gids, ids...)
		}
	}
	return p, ok
}

func ownerOf(info fs.FileInfo) owner {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return owner{int(s.Uid), int(s.Gid)}
	}
	return owner{}
}

// hasACL tells whether there is more to a file's rights than its mode.
func hasACL(path string) bool {
	n, err := unix.Getxattr(path, "system.posix_acl_access", nil)
	return err == nil && n > 0
}

func (p process) user() string { return permission.UserName(p.uid) }

func (o owner) group() string { return permission.GroupName(o.gid) }

// String is the owner and the group as ls has them.
func (o owner) String() string { return permission.UserName(o.uid) + ":" + o.group() }

// isIn tells whether the user of a process is in a group now.
func (p process) isIn(group string) bool {
	u, err := user.LookupId(strconv.Itoa(p.uid))
	if err != nil {
		return false
	}
	ids, err := u.GroupIds()
	g, missing := user.LookupGroup(group)
	return err == nil && missing == nil && slices.Contains(ids, g.Gid)
}
