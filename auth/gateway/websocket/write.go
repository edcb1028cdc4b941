package websocket

import (
	"github.com/gobwas/ws"

	"usher/auth/gateway/budget"
)

// write passes a message on as one frame. The rest of it is copied from the other
// connection piece by piece, so that neither side gets ahead by more than a piece.
// If the payload lies in b it is written together with the header.
func (c *Conn) write(m *Message, b *buffer, from *Conn) error {
	h := ws.Header{Fin: true, OpCode: m.op, Length: int64(len(m.payload)) + m.rest}
	if c.state.ClientSide() {
		h.Masked, h.Mask = true, ws.NewMask()
		ws.Cipher(m.payload, h.Mask, 0)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.finished {
		return ErrFinished
	}
	err := c.frameLocked(h, m.payload, b)
	if err == nil {
		err = c.copyLocked(m, h, b, from)
	}
	c.finished = err != nil // a frame that was cut cannot be followed by another
	return err
}

// copyLocked sends what the frame has besides its beginning.
func (c *Conn) copyLocked(m *Message, h ws.Header, b *buffer, from *Conn) error {
	for offset := int64(len(m.payload)); m.rest > 0; {
		piece := b.piece()[:min(m.rest, budget.Piece)]
		if err := from.fill(piece, m.mask, offset); err != nil {
			return &SourceError{err}
		}
		if h.Masked {
			ws.Cipher(piece, h.Mask, int(offset&3))
		}
		if err := c.sendLocked(piece); err != nil {
			return err
		}
		offset += int64(len(piece))
		m.rest -= int64(len(piece))
	}
	return nil
}

// frameLocked sends a frame's header and the beginning of its payload.
func (c *Conn) frameLocked(h ws.Header, payload []byte, b *buffer) error {
	size := ws.HeaderSize(h)
	if b != nil && len(payload) > 0 && &payload[0] == &b.bytes[ws.MaxHeaderSize] {
		encode(h, b.bytes[ws.MaxHeaderSize-size:])
		return c.sendLocked(b.bytes[ws.MaxHeaderSize-size : ws.MaxHeaderSize+len(payload)])
	}
	frame := make([]byte, ws.MaxHeaderSize, ws.MaxHeaderSize+len(payload))
	encode(h, frame)
	return c.sendLocked(append(frame[:size], payload...))
}

// nowhere drops what the library writes besides filling the buffer.
type nowhere struct{}

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }

// encode writes a header into a buffer that has room for the longest one, and changes
// nothing behind it.
func encode(h ws.Header, to []byte) {
	_ = ws.WriteHeaderBuffer(nowhere{}, h, to) // every length that is an int64 fits
}

func (c *Conn) sendLocked(p []byte) error {
	if err := c.writeWithin(); err != nil {
		return err
	}
	_, err := c.conn.Write(p)
	return err
}

// Send sends a text message. The text must not be used any more.
func (c *Conn) Send(text []byte) error {
	return c.write(&Message{op: ws.OpText, payload: text}, nil, nil)
}

// Ping sends a ping, unless a frame is being written, which shows as well whether the
// other side is there.
func (c *Conn) Ping() error {
	if !c.mu.TryLock() {
		return nil
	}
	defer c.mu.Unlock()
	if c.finished {
		return nil
	}
	h := ws.Header{Fin: true, OpCode: ws.OpPing, Masked: c.state.ClientSide(), Mask: ws.NewMask()}
	err := c.frameLocked(h, nil, nil)
	c.finished = err != nil
	return err
}

// Finish sends texts and then a close frame, with a payload or else with a code, and
// lets no frame follow.
func (c *Conn) Finish(texts []string, code StatusCode, payload []byte) {
	if payload == nil && code != 0 {
		payload = ws.NewCloseFrameBody(ws.StatusCode(code), "")
	}
	for _, s := range texts {
		_ = c.Send([]byte(s))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.finished {
		return
	}
	c.finished = true
	h := ws.Header{Fin: true, OpCode: ws.OpClose, Length: int64(len(payload))}
	if c.state.ClientSide() {
		payload = append([]byte(nil), payload...)
		h.Masked, h.Mask = true, ws.NewMask()
		ws.Cipher(payload, h.Mask, 0)
	}
	_ = c.frameLocked(h, payload, nil) // an error changes nothing any more
	if half, ok := c.conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}
