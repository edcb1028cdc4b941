package dovecot

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"time"

	"usher/auth"
	"usher/internal/listen"
	"usher/internal/logattr"
	"usher/internal/quietsocket"
)

// A conn is the connection of one client, usually a Prosody. One goroutine reads,
// decides and writes.
type conn struct {
	server   *Server // with its defaults resolved
	net      net.Conn
	limited  *listen.Conn // net, if it came by a limited listener; else nil
	left     bool         // it is not ours any more
	proven   bool         // a login on it was let in
	log      *slog.Logger
	lines    lineReader
	watchdog *watchdog
	pending  pendingList
	state    handshake
	out      []byte // the reply that is being built
	later    auth.Later

	writeUntil time.Time // the write deadline that is set

	ctx    context.Context // of this connection's decisions
	cancel context.CancelFunc
}

func newConn(ctx context.Context, s *Server, nc net.Conn, id uint64) *conn {
	limited := listen.Of(nc)
	nc = quietsocket.Of(nc)
	c := &conn{server: s, net: nc, limited: limited,
		log: s.Log.With(slog.String("door", Door), slog.Uint64("connection", id))}
	// A decision that began is finished also when the server stops.
	c.ctx, c.cancel = context.WithCancel(context.WithoutCancel(ctx))
	c.lines = lineReader{
		conn: nc, in: bufio.NewReaderSize(nc, readBuffer),
		maxLine: s.MaxLine, maxDiscard: s.MaxDiscard, lineTime: s.LineTimeout, stopTime: s.StopTimeout,
	}
	c.watchdog = newWatchdog(s.ReplyTimeout, c.overdue)
	if limited.Inherited() { // the client has had its greeting, and has said its own
		c.state = handshakeDone
		return c
	}
	c.out = appendGreeting(nil, os.Getpid(), id, s.Anonymous)
	c.lines.endBy(time.Now().Add(s.HandshakeTimeout))
	return c
}

// Serve returns when the connection is done with, and closes it or leaves it to another process.
func (c *conn) Serve() {
	defer c.close() // also after a panic
	err := c.run()
	switch {
	case errors.Is(err, errStopping) && c.leave():
		c.log.Debug("connection left")
	case errors.Is(err, io.EOF), errors.Is(err, errStopping),
		errors.Is(err, os.ErrDeadlineExceeded) && c.lines.interrupted.Load():
		c.log.Debug("connection ended")
	default:
		c.log.Debug("connection closed", logattr.Err(err))
	}
}

func (c *conn) close() {
	c.cancel()
	c.watchdog.end()
	if !c.left {
		_ = c.net.Close() // nothing is buffered on our side
	}
}

// leave gives the connection away at the stop, if it is between two requests and anybody takes it.
func (c *conn) leave() bool {
	if c.server.Leave == nil || c.limited == nil || c.state != handshakeDone {
		return false
	}
	nc, proven := c.limited.Detach()
	if c.left = nc != nil; c.left {
		c.server.Leave(nc, proven)
	}
	return c.left
}

// Stop ends the connection once the request in hand, if any, is answered.
func (c *conn) Stop() { c.lines.interrupt() }

func (c *conn) run() error {
	if c.state != handshakeDone {
		if err := c.write(c.out); err != nil {
			return err
		}
	}
	for {
		line, cut, err := c.lines.read()
		if err != nil {
			return err
		}
		if c.state != handshakeDone {
			err = c.shake(line, cut)
		} else {
			err = c.handle(line, cut)
		}
		if err != nil {
			return err
		}
	}
}

func (c *conn) shake(line []byte, cut bool) (err error) {
	if cut {
		return errNoProtocol
	}
	if c.state, err = c.state.advance(line); c.state == handshakeDone {
		c.lines.endBy(time.Time{})
	}
	return err
}

// handle answers one request with one write, and does what is left only then. Meanwhile
// the connection is not closed for a new one.
func (c *conn) handle(line []byte, cut bool) error {
	c.limited.Admit()
	defer func() {
		c.limited.Release(c.proven)
		c.later.Do()
	}()
	r, err := parseRequest(line)
	if err != nil {
		return err
	}
	if r.verb == verbCancel {
		c.pending.take(r.id)
		return nil
	}
	if cut {
		r.problem = auth.Refuse(auth.ReasonTokenTooLong,
			"the request has over %d bytes; have the application write less into its tokens", c.server.MaxLine)
	}
	if c.out, err = c.answer(c.out[:0], r); err != nil {
		return err
	}
	return c.write(c.out)
}

// write sends one reply. Setting a deadline costs as much as the rest of a
// request, so one serves all the writes of half its time.
func (c *conn) write(line []byte) error {
	limit := c.server.WriteTimeout
	if now := time.Now(); c.writeUntil.Sub(now) < limit/2 {
		c.writeUntil = now.Add(limit)
		if err := c.net.SetWriteDeadline(c.writeUntil); err != nil {
			return err
		}
	}
	_, err := c.net.Write(line)
	return err
}

// overdue answers a request that the authenticator did not decide in time, and closes
// the connection: nothing would read a late answer.
func (c *conn) overdue(id uint32) {
	c.log.Error("no decision in time, login refused", slog.Duration("limit", c.server.ReplyTimeout))
	err := c.write(appendFail(nil, id, auth.ReasonInternalError))
	c.close()
	if err != nil {
		c.log.Debug("connection closed", logattr.Err(err))
	}
}
