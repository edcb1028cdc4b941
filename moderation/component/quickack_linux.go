package component

import (
	"net"

	"golang.org/x/sys/unix"
)

// quick is a connection whose data is acknowledged at once. Prosody sends
// several short answers in a row without TCP_NODELAY: it holds the second back
// until the first is acknowledged, and Linux takes up to 40 ms for that.
type quick struct{ net.Conn }

// Read asks for it each time: the kernel goes back to its own ways (tcp(7),
// TCP_QUICKACK).
func (q quick) Read(p []byte) (int, error) {
	n, err := q.Conn.Read(p)
	if tcp, ok := q.Conn.(*net.TCPConn); ok && err == nil {
		if raw, err := tcp.SyscallConn(); err == nil {
			_ = raw.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1) })
		}
	}
	return n, err
}
