package extauth

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"usher/auth"
	"usher/internal/listen"
	"usher/internal/logattr"
)

var (
	errEarly    = errors.New("bytes came before the answer")
	errLate     = errors.New("no decision in time")
	errStopping = errors.New("the server is stopping")
)

// A conn is the connection of one client, usually usher extauth. One goroutine reads,
// decides and writes.
type conn struct {
	server  *Server // with its defaults resolved
	net     net.Conn
	limited *listen.Conn // net, if it came by a limited listener; else nil
	proven  bool         // a login on it was let in
	log     *slog.Logger
	in      []byte // read and not yet answered
	buf     []byte

	framing Framing // 0 until the first byte has come

	later auth.Later

	mu       sync.Mutex
	stopping bool
	answered bool // the query in hand; an answer that would be late is none

	ctx    context.Context // of this connection's decisions
	cancel context.CancelFunc
}

func newConn(ctx context.Context, s *Server, nc net.Conn, id uint64) *conn {
	c := &conn{server: s, net: nc, limited: listen.Of(nc), buf: make([]byte, 4096),
		log: s.Log.With(slog.String("door", Door), slog.Uint64("connection", id))}
	// A decision that began is finished also when the server stops.
	c.ctx, c.cancel = context.WithCancel(context.WithoutCancel(ctx))
	return c
}

// Serve returns when the connection is done with, and closes it.
func (c *conn) Serve() {
	defer c.close() // also after a panic
	for {
		if err := c.next(); err != nil {
			c.log.Debug("connection closed", logattr.Err(err))
			return
		}
	}
}

func (c *conn) close() {
	c.cancel()
	_ = c.net.Close() // nothing is buffered on our side
}

// Stop ends the connection once the query in hand, if any, is answered.
func (c *conn) Stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopping = true
	_ = c.net.SetReadDeadline(time.Unix(1, 0))
}

// next reads and answers one query.
func (c *conn) next() error {
	text, rest, err := c.read()
	c.limited.Admit() // from here on it is not closed for a new connection
	defer func() {
		c.limited.Release(c.proven)
		c.later.Do()
	}()
	switch {
	case errors.Is(err, errTooLong):
		return c.answer(nil, err)
	case err != nil: // a query that was cut has no answer
		return err
	case len(rest) > 0: // a second query, made up by the first one's author
		return c.answer(nil, errEarly)
	}
	c.in = c.in[:0] // text stays good until the next read
	return c.answer(text, nil)
}

// read returns the next query, and what came after it.
func (c *conn) read() (text, rest []byte, err error) {
	if err := c.deadline(time.Time{}); err != nil {
		return nil, nil, err
	}
	for {
		n, err := c.net.Read(c.buf)
		if n == 0 && err != nil {
			return nil, nil, err
		}
		if len(c.in) == 0 && n > 0 {
			if err := c.deadline(time.Now().Add(c.server.QueryTimeout)); err != nil {
				return nil, nil, err
			}
		}
		c.in = append(c.in, c.buf[:n]...)
		if c.framing == 0 && n > 0 {
			c.framing = FramingOf(c.in[0])
		}
		if text, rest, ok, err := c.framing.Split(c.in); ok || err != nil {
			return text, rest, err
		}
	}
}

// deadline is for reading; the zero time means never.
func (c *conn) deadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopping {
		return errStopping
	}
	return c.net.SetReadDeadline(t)
}

// answer decides about one query and writes the one answer to it, in time or not at
// all. A query with a problem is refused.
func (c *conn) answer(text []byte, problem error) error {
	c.mu.Lock()
	c.answered = false
	c.mu.Unlock()
	late := time.AfterFunc(c.server.ReplyTimeout, c.overdue)
	yes := c.decide(text, problem)
	late.Stop()
	switch {
	case !c.claim():
		return errLate
	case problem != nil:
		return errors.Join(c.write(false), problem)
	case c.moreHasCome(): // at the last moment: the decision took its time
		return errors.Join(c.write(false), errEarly)
	}
	return c.write(yes)
}

// claim reports whether the caller may answer the query in hand: the first one may.
func (c *conn) claim() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	first := !c.answered
	c.answered = true
	return first
}

// overdue refuses a query that the authenticator did not decide in time, and closes
// the connection: nothing would read a late answer.
func (c *conn) overdue() {
	if !c.claim() {
		return
	}
	c.log.Error("no decision in time, login refused", slog.Duration("limit", c.server.ReplyTimeout))
	if err := c.write(false); err != nil {
		c.log.Debug("connection closed", logattr.Err(err))
	}
	c.close()
}

func (c *conn) write(yes bool) error {
	if err := c.net.SetWriteDeadline(time.Now().Add(c.server.ReplyTimeout)); err != nil {
		return err
	}
	_, err := c.net.Write([]byte(c.framing.Answer(yes)))
	return err
}

// decide asks the authenticator, once for each query, but for isuser, which
// is no login.
func (c *conn) decide(text []byte, problem error) (yes bool) {
	defer c.server.Panics.Recover(Door, "query", func() { yes = false })
	if problem != nil {
		return c.login(auth.Credentials{Problem: malformed(problem)})
	}
	q, refusal := parseQuery(text)
	switch {
	case refusal != nil:
		return c.login(auth.Credentials{Problem: refusal})
	case q.operation == opIsUser:
		return c.exists(q)
	}
	return c.login(auth.Credentials{Host: q.host, Name: q.user, NameRequired: true, Token: q.password})
}

// exists waits no longer than an answer may take. The protocol has no word for "cannot be
// told": then the connection closes, as after any query that is not decided in time.
func (c *conn) exists(q query) bool {
	ctx, cancel := context.WithTimeout(c.ctx, c.server.ReplyTimeout)
	defer cancel()
	yes, err := c.server.Auth.Exists(ctx, q.host, q.user)
	if err != nil {
		c.overdue()
	}
	return yes
}

func (c *conn) login(credentials auth.Credentials) bool {
	credentials.Door, credentials.Later = Door, &c.later
	id, err := c.server.Auth.Authenticate(c.ctx, credentials)
	yes := err == nil && credentials.Problem == nil && id.Account != ""
	c.proven = c.proven || yes
	return yes
}
