package gateway

import (
	"errors"
	"net"
	"time"

	"github.com/gobwas/ws"
)

// errShut is what becomes of a frame after the last one.
var errShut = errors.New("the connection is about to close")

// write passes a message on as one frame. What of it is still in from is
// copied piece by piece, so that neither side gets ahead of the other by more
// than that. b is where the payload lies, unless it was put together.
func (e *end) write(m *message, b *frameBuffer, from *end) error {
	h := ws.Header{Fin: true, OpCode: m.op, Length: int64(len(m.payload)) + m.rest}
	if e.state.ClientSide() {
		h.Masked, h.Mask = true, ws.NewMask()
		ws.Cipher(m.payload, h.Mask, 0)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.shut {
		return errShut
	}
	err := e.frame(h, m.payload, b)
	if err == nil {
		err = e.copy(m, h, b, from)
	}
	e.shut = err != nil // a frame that was cut cannot be followed by another
	return err
}

// copy sends what the frame has besides its beginning.
func (e *end) copy(m *message, h ws.Header, b *frameBuffer, from *end) error {
	for offset := int64(len(m.payload)); m.rest > 0; {
		piece := b.piece()[:min(m.rest, pieceBytes)]
		if err := from.fill(piece, m.mask, offset); err != nil {
			return readError{err}
		}
		if h.Masked {
			ws.Cipher(piece, h.Mask, int(offset&3))
		}
		if err := e.send(piece); err != nil {
			return err
		}
		offset += int64(len(piece))
		m.rest -= int64(len(piece))
	}
	return nil
}

// A readError is the fault of the side that was read from.
type readError struct{ error }

func (e readError) Unwrap() error { return e.error }

// frame sends a frame's header and the beginning of its payload. It wants the
// lock.
func (e *end) frame(h ws.Header, payload []byte, b *frameBuffer) error {
	size := ws.HeaderSize(h)
	if b != nil && len(payload) > 0 && &payload[0] == &b[ws.MaxHeaderSize] {
		encode(h, b[ws.MaxHeaderSize-size:])
		return e.send(b[ws.MaxHeaderSize-size : ws.MaxHeaderSize+len(payload)])
	}
	header := make([]byte, ws.MaxHeaderSize)
	encode(h, header)
	if len(payload) <= ws.MaxControlFramePayloadSize {
		return e.send(append(header[:size:size], payload...))
	}
	if err := e.patient(); err != nil {
		return err
	}
	buffers := net.Buffers{header[:size], payload}
	_, err := buffers.WriteTo(e.conn)
	return err
}

// nowhere takes what the library writes besides filling the buffer.
type nowhere struct{}

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }

// encode writes a header into a buffer that has room for the longest, and leaves
// what follows it alone.
func encode(h ws.Header, to []byte) {
	_ = ws.WriteHeaderBuffer(nowhere{}, h, to) // every length that is an int64 fits
}

func (e *end) send(p []byte) error {
	if err := e.patient(); err != nil {
		return err
	}
	_, err := e.conn.Write(p)
	return err
}

func (e *end) patient() error {
	err := e.conn.SetWriteDeadline(time.Now().Add(e.patience))
	if by := e.by.Load(); by != 0 { // looked at last, for hurry may come in between
		err = e.conn.SetWriteDeadline(time.Unix(0, by))
	}
	return err
}

// text sends a message of our own.
func (e *end) text(s string) error {
	return e.write(&message{op: ws.OpText, payload: []byte(s)}, nil, nil)
}

// control sends a control frame.
func (e *end) control(op ws.OpCode, payload []byte) error {
	return e.write(&message{op: op, payload: payload}, nil, nil)
}

// ping asks whether the other side is there, unless a frame is being written:
// then that will tell.
func (e *end) ping() error {
	if !e.mu.TryLock() {
		return nil
	}
	defer e.mu.Unlock()
	if e.shut {
		return nil
	}
	err := e.frame(ws.Header{Fin: true, OpCode: ws.OpPing, Masked: e.state.ClientSide(), Mask: ws.NewMask()}, nil, nil)
	e.shut = err != nil
	return err
}

// last sends what is to be the end of it, and lets nothing follow.
func (e *end) last(texts []string, code ws.StatusCode, payload []byte) {
	if payload == nil && code != 0 {
		payload = ws.NewCloseFrameBody(code, "")
	}
	for _, s := range texts {
		_ = e.text(s)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.shut {
		return
	}
	e.shut = true
	h := ws.Header{Fin: true, OpCode: ws.OpClose, Length: int64(len(payload))}
	if e.state.ClientSide() {
		payload = append([]byte(nil), payload...)
		h.Masked, h.Mask = true, ws.NewMask()
		ws.Cipher(payload, h.Mask, 0)
	}
	_ = e.frame(h, payload, nil) // nobody is left to be told that it fails
	if half, ok := e.conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}
