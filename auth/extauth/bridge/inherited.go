package bridge

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// letGo closes what Prosody has open: lpty's child inherits all of it. With its
// ports a Prosody that is started again after a crash could not listen; and with
// the other side of the terminal in our own hands we would never see it close, and
// live for ever.
func letGo() {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return
	}
	for _, e := range entries {
		if fd, err := strconv.Atoi(e.Name()); err == nil && fd > 2 && inherited(fd) {
			_ = unix.Close(fd)
		}
	}
}

// inherited reports whether a descriptor is none of Go's runtime, which has no
// socket, pipe or device open, but its own kinds (epoll, eventfd), and files that
// say how much of the machine it may use.
func inherited(fd int) bool {
	var st unix.Stat_t
	var fs unix.Statfs_t
	if unix.Fstat(fd, &st) != nil {
		return false
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFSOCK, unix.S_IFIFO, unix.S_IFCHR:
		return true
	case unix.S_IFREG:
		return unix.Fstatfs(fd, &fs) == nil && fs.Type != unix.CGROUP_SUPER_MAGIC && fs.Type != unix.CGROUP2_SUPER_MAGIC
	}
	return false
}
