package dovecot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"usher/auth"
)

// Door is the name of this door in logs and metrics.
const Door = "dovecot"

// An Authenticator decides about one login. The error is an [*auth.Refusal];
// any other is treated as [auth.ReasonInternalError].
type Authenticator interface {
	Authenticate(ctx context.Context, c auth.Credentials) (auth.Identity, error)
}

// A Server answers logins on the connections of a listener. Its fields must
// not change once [Server.Serve] runs.
type Server struct {
	Auth Authenticator
	Log  *slog.Logger // nil: no log

	// Anonymous has ANONYMOUS announced, and so offered to Prosody's clients.
	// Its trace must be a ticket; it is answered in either case.
	Anonymous bool

	// MaxConnections bounds the connections at one time; above it a new one
	// is closed at once. Zero means 64.
	MaxConnections int

	// MaxLine bounds a line in bytes, without its LF; zero means 32 KiB. The
	// request on a longer line is refused, and the connection stays, as it
	// belongs to all users of a Prosody. A line over MaxDiscard bytes closes
	// it; zero means 4 MiB.
	MaxLine    int
	MaxDiscard int

	// HandshakeTimeout is for VERSION and CPID from the start of the
	// connection, LineTimeout from the first byte of a line to its end. Zero
	// means 10 s. A connection without a line may stay for ever.
	HandshakeTimeout time.Duration
	LineTimeout      time.Duration

	// WriteTimeout is the most that one reply may take to be written, and
	// half of it the least. Zero means 1 s.
	WriteTimeout time.Duration

	// ReplyTimeout is for one decision of Auth; zero means 1 s. After it the
	// login fails for the time being and the connection closes.
	ReplyTimeout time.Duration
}

// withDefaults returns a copy in which no limit is zero.
func (s *Server) withDefaults() *Server {
	r := *s
	if r.Log == nil {
		r.Log = slog.New(slog.DiscardHandler)
	}
	r.MaxConnections = cmp.Or(r.MaxConnections, 64)
	r.MaxLine = cmp.Or(r.MaxLine, 32<<10)
	r.MaxDiscard = cmp.Or(r.MaxDiscard, 4<<20)
	r.HandshakeTimeout = cmp.Or(r.HandshakeTimeout, 10*time.Second)
	r.LineTimeout = cmp.Or(r.LineTimeout, 10*time.Second)
	r.WriteTimeout = cmp.Or(r.WriteTimeout, time.Second)
	r.ReplyTimeout = cmp.Or(r.ReplyTimeout, time.Second)
	return &r
}

// Serve answers on the connections of l until ctx ends, and closes l. It then
// returns nil, after the requests in hand were answered; idle connections are
// closed. Any other error means that l was closed by somebody else.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	p := &pool{server: s.withDefaults(), conns: map[*conn]struct{}{}}
	stopped := context.AfterFunc(ctx, func() {
		_ = l.Close() // wakes Accept; its error is the one that counts
		p.stop()
	})
	defer stopped()
	err := p.accept(ctx, l)
	_ = l.Close()
	p.stop()
	p.wait()
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("accepting logins on %s: %w", l.Addr(), err)
}

// A pool holds the connections of one Serve.
type pool struct {
	server *Server

	mu       sync.Mutex
	conns    map[*conn]struct{}
	stopping bool
	last     uint64
	group    sync.WaitGroup
}

// accept returns when l is closed. Any other error, such as too many open
// files, passes.
func (p *pool) accept(ctx context.Context, l net.Listener) error {
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
		p.server.Log.Warn("cannot accept a connection", slog.String("door", Door), slog.Any("cause", err), slog.Duration("pause", pause))
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, most)
	}
}

func (p *pool) start(ctx context.Context, nc net.Conn) {
	c := p.add(ctx, nc)
	if c == nil {
		_ = nc.Close()
		return
	}
	p.group.Go(func() {
		defer p.remove(c)
		defer func() {
			if v := recover(); v != nil { // one client's line must not end the daemon
				c.log.Error("panic on a connection", slog.String("type", fmt.Sprintf("%T", v)))
				c.close()
			}
		}()
		c.serve()
	})
}

// add returns nil if there is no room.
func (p *pool) add(ctx context.Context, nc net.Conn) *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopping {
		return nil
	}
	if len(p.conns) >= p.server.MaxConnections {
		p.server.Log.Warn("too many connections, a new one is closed", slog.String("door", Door), slog.Int("limit", p.server.MaxConnections))
		return nil
	}
	p.last++
	c := newConn(ctx, p.server, nc, p.last)
	p.conns[c] = struct{}{}
	return c
}

func (p *pool) remove(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
}

func (p *pool) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopping = true
	for c := range p.conns {
		c.stop()
	}
}

// wait is for the requests in hand. Each is answered by then, if only by its
// watchdog; an authenticator that never returns is left behind.
func (p *pool) wait() {
	done := make(chan struct{})
	go func() {
		p.group.Wait()
		close(done)
	}()
	limit := time.NewTimer(p.server.ReplyTimeout + p.server.WriteTimeout)
	defer limit.Stop()
	select {
	case <-done:
	case <-limit.C:
		p.server.Log.Error("stopped with a decision that did not return", slog.String("door", Door))
	}
}
