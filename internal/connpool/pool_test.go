package connpool

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"usher/internal/taskgroup"
)

// A held connection does not return before it is let go.
type held struct {
	net.Conn
	stopped              sync.Once
	serving, free, asked chan struct{}
}

func (h *held) Serve() {
	close(h.serving)
	<-h.free
	_ = h.Close()
}

func (h *held) Stop() { h.stopped.Do(func() { close(h.asked) }) }

// TestLeftBehind: whoever stops the server learns that a request still uses what
// it was given.
func TestLeftBehind(t *testing.T) {
	for _, returns := range []bool{true, false} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		h := &held{serving: make(chan struct{}), free: make(chan struct{}), asked: make(chan struct{})}
		p := &Pool{Name: "test", Log: slog.New(slog.DiscardHandler), Grace: 50 * time.Millisecond, New: func(_ context.Context, nc net.Conn, _ uint64) Conn {
			h.Conn = nc
			return h
		}}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		var serving sync.WaitGroup
		serving.Go(func() { ended <- p.Serve(ctx, l) })
		nc, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		<-h.serving
		cancel()
		<-h.asked
		if returns {
			close(h.free)
		}
		if err := <-ended; errors.Is(err, taskgroup.ErrLeft) == returns {
			t.Errorf("returns: %v, the server says %v", returns, err)
		}
		if !returns {
			close(h.free)
		}
		serving.Wait()
		p.group.Wait()
		_ = nc.Close()
	}
}

// A lateListener has one more connection for who asks when it is closed.
type lateListener struct {
	net.Listener
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *lateListener) Accept() (net.Conn, error) {
	<-l.closed
	if nc, ok := <-l.conns; ok {
		return nc, nil
	}
	return nil, net.ErrClosed
}

func (l *lateListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// TestAcceptedAtTheStop: a connection that comes with the stop is served and stopped, and waited for: to close it
// might be a pity.
func TestAcceptedAtTheStop(t *testing.T) {
	l := &lateListener{conns: make(chan net.Conn, 1), closed: make(chan struct{})}
	ours, theirs := net.Pipe()
	defer func() { _ = theirs.Close() }()
	l.conns <- ours
	close(l.conns)
	h := &held{Conn: ours, serving: make(chan struct{}), free: make(chan struct{}), asked: make(chan struct{})}
	p := &Pool{Name: "test", Log: slog.New(slog.DiscardHandler), Grace: 10 * time.Second,
		New: func(context.Context, net.Conn, uint64) Conn { return h }}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	ended := make(chan error, 1)
	var serving sync.WaitGroup
	serving.Go(func() { ended <- p.Serve(ctx, l) })
	<-h.serving
	<-h.asked
	select {
	case err := <-ended:
		t.Errorf("it was not waited for: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	close(h.free)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	serving.Wait()
}
