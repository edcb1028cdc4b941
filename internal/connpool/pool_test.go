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
