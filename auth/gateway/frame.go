package gateway

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"
)

// The sizes of what a session holds: readBytes all the time on either side, a
// frameBuffer only while a message passes.
const (
	readBytes  = 1 << 10
	pieceBytes = 16 << 10
)

// A frameBuffer is a piece of a message, with room for a frame's header before
// it, so that both are written at once.
type frameBuffer [ws.MaxHeaderSize + pieceBytes]byte

var frameBuffers = sync.Pool{New: func() any { return new(frameBuffer) }}

func (b *frameBuffer) piece() []byte { return b[ws.MaxHeaderSize:] }

// An end is one of the two connections of a session.
type end struct {
	conn     net.Conn
	reader   *bufio.Reader
	state    ws.State // which side of the protocol we are
	idle     time.Duration
	patience time.Duration // for a write of one piece
	until    time.Time     // the read deadline in force
	trusted  *atomic.Bool  // whether it may send without end; nil: it may
	early    int64         // bytes that came before
	seen     atomic.Int64  // when something came last, in nanoseconds since 1970
	by       atomic.Int64  // when everything must be over, likewise; 0: no such time

	mu   sync.Mutex // held while a frame is written
	shut bool       // no frame may follow; wants mu
}

// open makes an end of a connection. What came together with the handshake is
// early.
func (e *end) open(conn net.Conn, early []byte, state ws.State, idle, patience time.Duration) {
	var from io.Reader = conn
	if len(early) > 0 {
		from = io.MultiReader(bytes.NewReader(bytes.Clone(early)), conn)
	}
	e.seen.Store(time.Now().UnixNano())
	e.conn, e.reader, e.state, e.idle, e.patience = conn, bufio.NewReaderSize(from, readBytes), state, idle, patience
}

// A message is one as it is read. What does not fit into a piece is still in
// the connection, unless the message came in fragments.
type message struct {
	op      ws.OpCode
	payload []byte // unmasked
	rest    int64  // bytes that are still to be read
	mask    [4]byte
	loan    loan
}

// none reports whether it is no message: a control frame was answered instead.
func (m *message) none() bool { return m.op == ws.OpContinuation }

// whole reports whether the payload is all there is.
func (m *message) whole() bool { return m.rest == 0 }

// earlyBytes bounds what a client sends before its login, control frames
// included; each frame costs frameCost besides its payload. It is enough for
// maxFailures logins of a piece each.
const (
	earlyBytes = 8 * pieceBytes
	frameCost  = 64
)

var (
	errTooLarge = errors.New("the message is too large")
	errTooMuch  = errors.New("too much came before the login")
)

// A closed is the close frame of the other side.
type closed struct{ payload []byte }

func (closed) Error() string { return "closed by the other side" }

// The time that a message may take from its first byte to its last.
const (
	messageWithin = 30 * time.Second
	slowest       = 8 << 10 // bytes a second, on top of that
)

func timeFor(length int64) time.Duration {
	return messageWithin + time.Duration(length/slowest)*time.Second
}

// peek waits until there is something to read. An end that waits holds nothing
// but its reader.
func (e *end) peek() error {
	if err := e.await(); err != nil {
		return err
	}
	_, err := e.reader.Peek(1)
	return err
}

// read returns the next message, of at most so many bytes, or none. Pings are
// answered.
func (e *end) read(b *frameBuffer, most int64, of *share) (message, error) {
	h, err := e.header(b, e.state)
	switch {
	case err != nil:
		return message{}, err
	case h.OpCode.IsControl():
		return message{}, e.answer(h)
	case h.Length > most:
		return message{}, errTooLarge
	}
	if !h.Fin {
		return e.assemble(b, h, most, of)
	}
	if err := e.within(h.Length); err != nil {
		return message{}, err
	}
	m := message{op: h.OpCode, payload: b.piece()[:min(h.Length, pieceBytes)], mask: h.Mask}
	m.rest = h.Length - int64(len(m.payload))
	return m, e.fill(m.payload, h.Mask, 0)
}

// await sets the deadline for silence, if it is not nearly that already.
func (e *end) await() error {
	if e.idle == 0 && e.until.IsZero() {
		return nil
	}
	var until time.Time
	if e.idle > 0 {
		now := time.Now()
		e.seen.Store(now.UnixNano())
		if until = now.Add(e.idle); until.Sub(e.until).Abs() < e.idle/8 {
			return nil
		}
	}
	return e.deadline(until)
}

// deadline sets the read deadline, unless everything must be over anyway.
func (e *end) deadline(until time.Time) error {
	e.until = until
	err := e.conn.SetReadDeadline(until)
	if by := e.by.Load(); by != 0 {
		err = e.conn.SetReadDeadline(time.Unix(0, by))
	}
	return err
}

// hurry has everything be over by then: reads and writes that are under way
// and those that follow.
func (e *end) hurry(by time.Time) {
	e.by.Store(by.UnixNano())
	_ = e.conn.SetDeadline(by)
}

// within sets the deadline for so many bytes, unless they are all here.
func (e *end) within(length int64) error {
	if int64(e.reader.Buffered()) >= length {
		return nil
	}
	return e.deadline(time.Now().Add(timeFor(length)))
}

func (e *end) header(scratch *frameBuffer, state ws.State) (ws.Header, error) {
	h, err := ws.ReadHeaderBuffer(e.reader, scratch[:ws.MaxHeaderSize])
	if err == nil {
		err = ws.CheckHeader(h, state)
	}
	if err == nil && e.trusted != nil && !e.trusted.Load() {
		if e.early += frameCost + min(h.Length, earlyBytes); e.early > earlyBytes {
			err = errTooMuch
		}
	}
	return h, err
}

// fill reads bytes of a frame's payload, which begin at offset.
func (e *end) fill(p []byte, mask [4]byte, offset int64) error {
	if _, err := io.ReadFull(e.reader, p); err != nil {
		return err
	}
	if e.state.ServerSide() {
		ws.Cipher(p, mask, int(offset&3))
	}
	return nil
}
