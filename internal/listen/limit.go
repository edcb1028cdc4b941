package listen

import (
	"errors"
	"log/slog"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"usher/internal/logattr"
	"usher/internal/ratelimit"
	"usher/metrics"
)

// Options are what a [Listener] is made with.
type Options struct {
	Name   string // its key under listen, for the log
	Limits Limits

	// Users may connect to a Unix socket besides root and usher's own user; nil: no other.
	Users []int

	Log     *slog.Logger      // nil: no log
	Metrics *metrics.Endpoint // nil: no figures
}

// A Listener accepts connections within its limits; others are accepted and closed. One
// goroutine may accept.
type Listener struct {
	net.Listener
	name    string
	users   map[uint32]bool
	hint    string // in the line about a user who may not connect
	log     *slog.Logger
	metrics *metrics.Endpoint
	table   table
	spare   *os.File // a descriptor to accept with when there is no other
	pause   time.Duration
	lines   map[metrics.Closing]*ratelimit.Log // by what they say
	adopted []net.Conn                         // to be returned by Accept before any other

	closing sync.Once
	closed  chan struct{}
	ending  sync.Once
	ended   chan struct{} // Accept returns none any more
}

// Limit bounds the connections of l, which it closes with itself.
func Limit(l net.Listener, o Options) *Listener {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	limited := &Listener{
		Listener: l, name: o.Name, log: o.Log, metrics: o.Metrics,
		users: map[uint32]bool{0: true, uint32(os.Geteuid()): true},
		lines: map[metrics.Closing]*ratelimit.Log{}, closed: make(chan struct{}),
		ended: make(chan struct{}),
	}
	limited.table.limits = o.Limits
	if limited.hint = "see peers in the configuration"; o.Users == nil {
		limited.hint = "only root and usher's own user may connect"
	}
	for _, uid := range o.Users {
		limited.users[uint32(uid)] = true
	}
	for _, reason := range metrics.Closings() {
		limited.lines[reason] = &ratelimit.Log{}
	}
	limited.spare = openSpare()
	return limited
}

// Accept returns the next connection within the limits, as a *[Conn].
func (l *Listener) Accept() (net.Conn, error) {
	for {
		if c := l.nextAdopted(); c != nil {
			return c, nil
		}
		nc, err := l.Listener.Accept()
		if err != nil {
			if l.passes(err) && !l.isClosed() {
				continue
			}
			l.closeSpare()
			l.ending.Do(func() { close(l.ended) })
			return nil, err
		}
		l.pause = 0
		if c := l.admit(nc); c != nil {
			return c, nil
		}
	}
}

// Adopt has a connection that another process accepted returned by Accept before any other, also once the listener is
// closed. Its peer is asked for again, and the limits are its too. With proven a request on it was let in, as
// [Conn.Release] says. It must come before Accept.
func (l *Listener) Adopt(c PassedConnection, proven bool) {
	l.adopted = append(l.adopted, takenOver{c.Conn, proven})
}

// nextAdopted returns the next of them that may stay; nil if there is none.
func (l *Listener) nextAdopted() *Conn {
	for len(l.adopted) > 0 {
		nc := l.adopted[0]
		l.adopted = l.adopted[1:]
		if c := l.admit(nc); c != nil {
			return c
		}
	}
	return nil
}

// Accepted reports whether this listener may have accepted a connection that another process had.
func (l *Listener) Accepted(c net.Conn) bool {
	at, own := c.LocalAddr(), l.Addr()
	if a, ok := own.(*net.TCPAddr); ok {
		b, ok := at.(*net.TCPAddr)
		return ok && a.Port == b.Port && (a.IP.IsUnspecified() || a.IP.Equal(b.IP))
	}
	return at != nil && at.Network() == own.Network() && at.String() == own.String()
}

// admit counts a connection, or closes it and returns nil.
func (l *Listener) admit(nc net.Conn) *Conn {
	peer, err := peerOf(nc)
	if err != nil || !peer.Network.IsValid() && !l.users[peer.UID] {
		l.table.count()
		l.refused(metrics.ClosedUser, "closed a connection of a user who is not allowed here ("+l.hint+")", peer, err)
		_ = nc.Close()
		return nil
	}
	before, inherited := nc.(takenOver)
	c := &Conn{Conn: nc, listener: l, peer: peer, inherited: inherited, proven: before.proven}
	c.all.conn, c.own.conn = c, c
	victims, ok := l.table.enter(c)
	if len(victims) > 0 {
		l.line(metrics.ClosedIdle, "closed a connection without a request for a new one", "peer",
			victims[0].peer.String())
	}
	for _, v := range victims {
		v.evict(metrics.ClosedIdle)
	}
	if !ok {
		l.refused(metrics.ClosedFull, "too many connections, a new one is closed", peer, nil)
		_ = nc.Close()
		return nil
	}
	l.metrics.Opened(1)
	return c
}

// refused counts and logs a connection that was closed at once.
func (l *Listener) refused(reason metrics.Closing, text string, peer Peer, err error) {
	l.metrics.Closed(reason)
	attrs := []any{"peer", peer.String()}
	if err != nil {
		attrs = append(attrs, logattr.Err(err))
	}
	l.line(reason, text, attrs...)
}

// line logs at most one line a second and reason: a flood must not fill the disk.
func (l *Listener) line(reason metrics.Closing, text string, attrs ...any) {
	if n, now := l.lines[reason].Allow(); now {
		c := l.table.counts()
		l.log.Warn(text, append(attrs, "endpoint", l.name, "address", l.Addr().String(), "open", c.Open, "waiting",
			c.Waiting, "limit", c.Most, logattr.NotLogged(n))...)
	}
}

// Close stops accepting. Connections that were accepted stay.
func (l *Listener) Close() error {
	l.closing.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

func (l *Listener) isClosed() bool {
	select {
	case <-l.closed:
		return true
	default:
		return false
	}
}

// Settle is for a stop: it waits until no connection is left on which no request has been answered yet, as one that
// has just been made has it under way, and closes those that still have none in hand after the time. The listener is
// closed, and Accept is called until it fails.
func (l *Listener) Settle(within time.Duration) {
	limit := time.NewTimer(within)
	defer limit.Stop()
	select {
	case <-l.ended:
		select {
		case <-l.table.settled():
		case <-limit.C:
		}
	case <-limit.C:
	}
	for _, c := range l.table.unasked() {
		c.evict(0)
	}
}

// SetLimits puts other limits in force, for connections to come.
func (l *Listener) SetLimits(limits Limits) { l.table.setLimits(limits) }

// Counts returns what is connected now.
func (l *Listener) Counts() Counts { return l.table.counts() }

// passes reports whether an error of Accept is not the end of the listener, and makes
// room after a shortage of descriptors.
func (l *Listener) passes(err error) bool {
	switch {
	case errors.Is(err, syscall.ECONNABORTED): // the client was gone before
		return true
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE), errors.Is(err, syscall.ENOBUFS),
		errors.Is(err, syscall.ENOMEM):
		l.outOfFiles(err)
		return true
	}
	return false
}
