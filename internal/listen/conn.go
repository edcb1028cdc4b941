package listen

import (
	"errors"
	"net"
	"syscall"

	"usher/metrics"
)

// What a connection is doing.
const (
	waiting  = iota // for its first request or the next; it may be closed for a new connection
	admitted        // a request is in hand
	gone            // closed
)

// A Conn is a connection of a [Listener]. [Conn.Admit], [Conn.Release] and [Conn.Keep]
// do nothing on nil.
type Conn struct {
	net.Conn
	listener *Listener
	peer     Peer

	// Guarded by the lock of the listener's table:
	all, own              node
	state                 int
	trusted, proven, kept bool
	asked                 bool // a request on it was answered

	inherited bool // another process had it before
}

// Of returns a connection as a Conn; nil if it did not come by a [Listener].
func Of(nc net.Conn) *Conn {
	c, _ := nc.(*Conn)
	return c
}

// Peer says who connected. It is of no nil connection.
func (c *Conn) Peer() Peer { return c.peer }

// Admit says that a legitimate request is in hand. Until [Conn.Release] the connection
// is not closed for a new one.
func (c *Conn) Admit() {
	if c != nil {
		c.listener.table.admit(c)
	}
}

// Release says that the request is done with, or was no legitimate one. With proven,
// as after a login that was let in, the connection will be the last to be closed
// for a new one.
func (c *Conn) Release(proven bool) {
	if c != nil {
		c.listener.table.release(c, proven)
	}
}

// Keep says that the connection is a session with bounds of its own from now on, such
// as a WebSocket: it is not closed for a new one any more.
func (c *Conn) Keep() {
	if c != nil {
		c.listener.table.keep(c)
	}
}

// Close closes the connection, which counts no longer.
func (c *Conn) Close() error {
	err := c.Conn.Close()
	if c.listener.table.leave(c) {
		c.listener.metrics.Opened(-1)
	}
	return err
}

// Inherited reports whether another process had the connection before, and its handshake.
func (c *Conn) Inherited() bool { return c != nil && c.inherited }

// Detach returns the connection itself, which counts no longer and is not closed by its listener any more, and
// whether a request on it was let in. It is nil if the listener has closed it.
func (c *Conn) Detach() (nc net.Conn, proven bool) {
	if !c.listener.table.leave(c) {
		return nil, false
	}
	c.listener.metrics.Opened(-1)
	return c.plain(), c.proven
}

// plain is the connection as the kernel has it.
func (c *Conn) plain() net.Conn {
	if t, ok := c.Conn.(takenOver); ok {
		return t.Conn
	}
	return c.Conn
}

// evict closes a connection that has left the table.
func (c *Conn) evict(reason metrics.Closing) {
	c.listener.metrics.Opened(-1)
	if reason != 0 {
		c.listener.metrics.Closed(reason)
	}
	_ = c.Conn.Close()
}

// SyscallConn implements syscall.Conn.
func (c *Conn) SyscallConn() (syscall.RawConn, error) {
	s, ok := c.plain().(syscall.Conn)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return s.SyscallConn()
}

// CloseWrite ends the stream to the other side.
func (c *Conn) CloseWrite() error {
	half, ok := c.plain().(interface{ CloseWrite() error })
	if !ok {
		return errors.ErrUnsupported
	}
	return half.CloseWrite()
}
