package cluster

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"

	"usher/e2e/redis"
)

// A cable is between a node and its engine. It can be cut: then nothing comes through, and no connection ends, as where
// a network loses packets.
type cable struct {
	listener net.Listener
	serving  sync.WaitGroup

	mu    sync.Mutex
	free  *sync.Cond
	to    string
	cut   bool
	conns map[net.Conn]bool
	ended bool
}

// lay lays a cable to a server.
func lay(t testing.TB, to *redis.Server) *cable {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{listener: l, to: to.Address(), conns: map[net.Conn]bool{}}
	c.free = sync.NewCond(&c.mu)
	c.serving.Go(c.serve)
	t.Cleanup(func() {
		_ = l.Close()
		c.change(func() { c.ended = true })
		c.drop()
		c.serving.Wait()
	})
	return c
}

// Address is where a node finds its engine.
func (c *cable) Address() string { return c.listener.Addr().String() }

func (c *cable) serve() {
	for {
		near, err := c.listener.Accept()
		if err != nil {
			return
		}
		c.serving.Go(func() {
			defer near.Close()
			if !c.passes() {
				return
			}
			c.mu.Lock()
			to := c.to
			c.mu.Unlock()
			far, err := net.Dial("tcp", to)
			if err != nil {
				return
			}
			defer far.Close()
			c.keep(near, far)
			var ways sync.WaitGroup
			ways.Go(func() { c.pass(near, far) })
			ways.Go(func() { c.pass(far, near) })
			ways.Wait()
		})
	}
}

func (c *cable) keep(conns ...net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range conns {
		c.conns[conn] = true
		if c.ended {
			_ = conn.Close()
		}
	}
}

// pass passes on what comes, and ends both ways when one ends.
func (c *cable) pass(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	b := make([]byte, 64<<10)
	for {
		n, err := from.Read(b)
		if n > 0 && c.passes() {
			_, _ = to.Write(b[:n])
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				return
			}
			c.passes()
			return
		}
	}
}

// passes waits while the cable is cut, and reports whether it is there still.
func (c *cable) passes() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.cut && !c.ended {
		c.free.Wait()
	}
	return !c.ended
}

func (c *cable) change(f func()) {
	c.mu.Lock()
	f()
	c.mu.Unlock()
	c.free.Broadcast()
}

// Cut has nothing come through any more.
func (c *cable) Cut() { c.change(func() { c.cut = true }) }

// Mend has come through what waited.
func (c *cable) Mend() { c.change(func() { c.cut = false }) }

// Move leads the cable to another server: connections there are end.
func (c *cable) Move(to *redis.Server) {
	c.change(func() { c.to = to.Address() })
	c.drop()
}

func (c *cable) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn := range c.conns {
		_ = conn.Close()
	}
	clear(c.conns)
}
