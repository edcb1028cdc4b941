package listen

import (
	"errors"
	"net"
	"syscall"

	"usher/metrics"
)

// What a connection is doing.
const (
	waiting  = iota // for its first request, or the next: it may be closed for a new connection
	admitted        // a request is in hand
	gone            // closed
)

// A Conn is a connection of a [Listener]. The methods that say what it is
// doing do nothing on nil.
type Conn struct {
	net.Conn
	listener *Listener
	peer     Peer

	// Of the listener's table, and its lock's:
	all, own              node
	state                 int
	trusted, proven, kept bool
}

// Of returns the connection under what a listener gave out, nil if it was none
// of ours.
func Of(nc net.Conn) *Conn {
	c, _ := nc.(*Conn)
	return c
}

// Admit says that a request is in hand which may be here. Until
// [Conn.Release] the connection is not closed for a new one.
func (c *Conn) Admit() {
	if c != nil {
		c.listener.table.admit(c)
	}
}

// Release says that it is done with, or that something came which was no
// request. With proven the connection will be the last to make room: whoever
// is at its other end has shown something good.
func (c *Conn) Release(proven bool) {
	if c != nil {
		c.listener.table.release(c, proven)
	}
}

// Keep has the connection stay until it is closed: it is no row of requests
// any more, but a session with bounds of its own.
func (c *Conn) Keep() {
	if c != nil {
		c.listener.table.keep(c)
	}
}

// Close closes the connection and gives its place back.
func (c *Conn) Close() error {
	err := c.Conn.Close()
	if c.listener.table.leave(c) {
		c.listener.metrics.Opened(-1)
	}
	return err
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
	s, ok := c.Conn.(syscall.Conn)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return s.SyscallConn()
}

// CloseWrite ends the stream to the other side.
func (c *Conn) CloseWrite() error {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok {
		return errors.ErrUnsupported
	}
	return half.CloseWrite()
}
