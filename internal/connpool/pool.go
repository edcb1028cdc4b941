// Package connpool answers one question for servers of long-lived connections:
// which connections are there, and how do they all end? It accepts and stops them;
// the listener bounds their number, and the caller serves them.
//
// Each connection has a goroutine, which [Pool.Serve] waits for. There is one lock;
// Stop of a connection, which takes that connection's lock, is called within it.
package connpool

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"usher/internal/logattr"
	"usher/internal/panics"
	"usher/internal/taskgroup"
)

// A Conn is one connection of a server.
type Conn interface {
	// Serve returns when the connection is done with, and closes it.
	Serve()

	// Stop ends it once the request in hand, if any, is answered. It may be
	// called at any time, from any goroutine.
	Stop()
}

// A Pool runs the connections of one listener. Its fields must not change
// once [Pool.Serve] runs.
type Pool struct {
	Name   string       // of the server, for the log
	Log    *slog.Logger // must not be nil
	Panics *panics.Reporter
	Grace  time.Duration // for the requests in hand when the server stops

	// New makes the connection with this number, counted from 1. ctx is
	// Serve's.
	New func(ctx context.Context, nc net.Conn, id uint64) Conn

	mu       sync.Mutex
	conns    map[Conn]struct{}
	stopping bool
	accepted bool          // no more are accepted
	over     bool          // it is stopping, and there are no more connections
	empty    chan struct{} // closed then
	last     uint64
	group    sync.WaitGroup
}

// Serve answers on the connections of l until ctx ends, and closes l. It then
// returns nil, after the requests in hand were answered. An error means that l
// was closed from outside, or that a request did not return within Grace.
func (p *Pool) Serve(ctx context.Context, l net.Listener) error {
	p.conns, p.empty = map[Conn]struct{}{}, make(chan struct{})
	stopped := context.AfterFunc(ctx, func() {
		_ = l.Close() // wakes Accept; its error is the one that counts
		p.stop()
	})
	defer stopped()
	err := p.accept(ctx, l)
	_ = l.Close()
	p.end()
	late := p.wait()
	if ctx.Err() != nil {
		return late
	}
	return fmt.Errorf("accepting connections on %s: %w", l.Addr(), err)
}

// accept returns when l is closed. Any other error, such as too many open
// files, passes.
func (p *Pool) accept(ctx context.Context, l net.Listener) error {
	const first, most = 5 * time.Millisecond, time.Second
	pause := first
	for {
		nc, err := l.Accept()
		switch {
		case err == nil:
			pause = first
			p.start(ctx, nc)
			continue
		case errors.Is(err, net.ErrClosed) || ctx.Err() != nil:
			return err
		}
		p.Log.Warn("cannot accept a connection", slog.String("door", p.Name), logattr.Err(err),
			slog.Duration("pause", pause))
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, most)
	}
}

func (p *Pool) start(ctx context.Context, nc net.Conn) {
	c := p.add(ctx, nc)
	p.group.Go(func() {
		defer p.remove(c)
		// What one client sends must not end the daemon.
		defer p.Panics.Recover(p.Name, "connection", func() { _ = nc.Close() })
		c.Serve()
	})
}

// add counts a connection. One that was accepted while the pool stops is stopped at once, not closed: it may have a
// better end.
func (p *Pool) add(ctx context.Context, nc net.Conn) Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last++
	c := p.New(ctx, nc, p.last)
	p.conns[c] = struct{}{}
	if p.stopping {
		c.Stop()
	}
	return c
}

func (p *Pool) remove(c Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
	p.noteEmptyLocked()
}

func (p *Pool) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopping = true
	for c := range p.conns {
		c.Stop()
	}
	p.noteEmptyLocked()
}

// end stops the pool when no more connections are accepted.
func (p *Pool) end() {
	p.stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.accepted = true
	p.noteEmptyLocked()
}

// noteEmptyLocked notes the end of the last connection during a stop.
func (p *Pool) noteEmptyLocked() {
	if p.accepted && !p.over && len(p.conns) == 0 {
		p.over = true
		close(p.empty)
	}
}

// wait waits for the requests in hand. If one does not return within Grace that is an
// error: what it uses must not be closed.
func (p *Pool) wait() error {
	limit := time.NewTimer(p.Grace)
	defer limit.Stop()
	select {
	case <-p.empty:
		p.group.Wait()
		return nil
	case <-limit.C:
		return taskgroup.ErrLeft
	}
}
