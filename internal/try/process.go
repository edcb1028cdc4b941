package try

import (
	"bytes"
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

	"usher/internal/permission"
)

// A process is one of Prosody's on this machine.
type process struct {
	pid, uid int
	gids     []int
}

// An owner is that of a file.
type owner struct{ uid, gid int }

// prosodies finds what runs of Prosody here: of several the one that listens on a port, if it can be seen.
func prosodies(port int) (list []process) {
	sockets := listening(port)
	var there []process
	found, _ := filepath.Glob("/proc/[0-9]*/cmdline") // the pattern is a good one
	for _, name := range found {
		line, err := os.ReadFile(name)
		if err != nil || !isProsody(line) {
			continue
		}
		folder := filepath.Dir(name)
		p, ok := readProcess(folder)
		if !ok || !isNative(folder) {
			continue
		}
		list = append(list, p)
		if hasOpen(folder, sockets) {
			there = append(there, p)
		}
	}
	if len(there) > 0 || len(sockets) > 0 && os.Geteuid() == 0 { // who sees all of them, and it is none of these
		return there
	}
	return list
}

// listening finds the sockets that listen on a port, as /proc/PID/fd names them.
func listening(port int) (sockets []string) {
	for _, name := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		table, _ := os.ReadFile(name) // without it none is found
		sockets = append(sockets, listeningIn(string(table), port)...)
	}
	return sockets
}

// listeningIn reads a table of sockets, proc_pid_net(5).
func listeningIn(table string, port int) (sockets []string) {
	const isListening = "0A" // TCP_LISTEN
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) > 9 && f[3] == isListening && strings.HasSuffix(f[1], fmt.Sprintf(":%04X", port)) {
			sockets = append(sockets, "socket:["+f[9]+"]")
		}
	}
	return sockets
}

// hasOpen tells whether a process has one of these sockets; those of other users only root can see.
func hasOpen(folder string, sockets []string) bool {
	open, _ := filepath.Glob(filepath.Join(folder, "fd", "*"))
	for _, name := range open {
		if at, err := os.Readlink(name); err == nil && slices.Contains(sockets, at) {
			return true
		}
	}
	return false
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
