package extauth

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// moreHasCome reports whether unread bytes of the client have come, without waiting
// for any. For a connection that is no socket it is false.
func (c *conn) moreHasCome() bool {
	s, ok := c.net.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return false // it is closed, as the write will find
	}
	more := false
	_ = raw.Control(func(fd uintptr) {
		var one [1]byte
		n, _, err := unix.Recvfrom(int(fd), one[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		more = err == nil && n > 0
	})
	return more
}
