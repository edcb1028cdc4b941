package websocket

import (
	"io"

	"github.com/gobwas/ws"

	"usher/auth/gateway/budget"
)

// A Message is one that is being passed on. What does not fit into a piece is still
// to be read, unless the message came in fragments.
type Message struct {
	op       ws.OpCode
	payload  []byte // unmasked
	rest     int64  // bytes that are still to be read
	mask     [4]byte
	loan     budget.Loan
	replaced bool
}

// Payload returns the message, or the first piece of a longer one. It is good
// until the message has been passed on.
func (m *Message) Payload() []byte { return m.payload }

// Whole reports whether the payload is all there is.
func (m *Message) Whole() bool { return m.rest == 0 }

// Replace puts another payload in the place of the whole message.
func (m *Message) Replace(payload []byte) { m.payload, m.replaced = payload, true }

// none reports whether a control frame came instead of a message.
func (m *Message) none() bool { return m.op == ws.OpContinuation }

// EarlyBytes bounds what an untrusted side sends, control frames included; each
// frame costs FrameCost besides its payload.
const (
	EarlyBytes = 8 * budget.Piece
	FrameCost  = 64
)

// wait returns when there is something to read. Until then the connection holds no
// buffer.
func (c *Conn) wait() error {
	if err := c.await(); err != nil {
		return err
	}
	_, err := c.reader.Peek(1)
	return err
}

// read reads the next message into the buffer's, within the inspector's bounds. If a
// control frame came instead it is answered, and the message is none.
func (c *Conn) read(b *buffer, i Inspector, of *budget.Share) error {
	most, whole := i.Limit(), i.Whole()
	h, err := c.header(b, c.state)
	switch {
	case err != nil:
		return err
	case h.OpCode.IsControl():
		return c.answer(h)
	case h.Length > most:
		return ErrTooLarge
	}
	if !h.Fin || whole && h.Length > budget.Piece {
		b.message = Message{op: h.OpCode, loan: of.Loan()}
		return (&assembly{c, b, &b.message, most}).read(h)
	}
	if err := c.readWithin(h.Length); err != nil {
		return err
	}
	m := &b.message
	*m = Message{op: h.OpCode, payload: b.piece()[:min(h.Length, budget.Piece)], mask: h.Mask}
	m.rest = h.Length - int64(len(m.payload))
	return c.fill(m.payload, h.Mask, 0)
}

func (c *Conn) header(scratch *buffer, state ws.State) (ws.Header, error) {
	h, err := ws.ReadHeaderBuffer(c.reader, scratch.bytes[:ws.MaxHeaderSize])
	if err == nil {
		err = ws.CheckHeader(h, state)
	}
	if err == nil && c.trusted != nil && !c.trusted.Load() {
		if c.early += FrameCost + min(h.Length, EarlyBytes); c.early > EarlyBytes {
			err = ErrTooMuch
		}
	}
	return h, err
}

// fill reads bytes of a frame's payload, which begin at offset.
func (c *Conn) fill(p []byte, mask [4]byte, offset int64) error {
	if _, err := io.ReadFull(c.reader, p); err != nil {
		return err
	}
	if c.state.ServerSide() {
		ws.Cipher(p, mask, int(offset&3))
	}
	return nil
}

// skip reads and drops what is left of a message.
func (c *Conn) skip(m *Message, b *buffer) error {
	for m.rest > 0 {
		piece := b.piece()[:min(m.rest, budget.Piece)]
		if err := c.fill(piece, m.mask, 0); err != nil {
			return err
		}
		m.rest -= int64(len(piece))
	}
	return nil
}

// answer reads a control frame whose header was read, and answers a ping. A close
// frame is a [ClosedError].
func (c *Conn) answer(h ws.Header) error {
	payload := make([]byte, h.Length)
	if err := c.fill(payload, h.Mask, 0); err != nil {
		return err
	}
	switch h.OpCode {
	case ws.OpClose:
		if err := checkClose(payload); err != nil && c.state.ServerSide() {
			return err
		}
		return &ClosedError{payload}
	case ws.OpPing:
		if err := c.write(&Message{op: ws.OpPong, payload: payload}, nil, nil); err != nil {
			return &AnswerError{err}
		}
	}
	return nil
}
