package websocket

import (
	"time"

	"github.com/gobwas/ws"

	"usher/auth/gateway/budget"
)

// An assembly puts a message in fragments together: Prosody's mod_websocket refuses
// continuation frames. The length of the message is not known before its end, so it
// is held whole, within the session's share.
type assembly struct {
	*Conn
	buffer  *buffer
	message *Message
	most    int64
}

// read reads all fragments; h is the first one's header.
func (a *assembly) read(h ws.Header) error {
	fragments, began := a.state.Set(ws.StateFragmented), time.Now()
	for {
		length := int64(len(a.message.payload))
		if h.Length > a.most-length { // not the sum: it may overflow
			return ErrTooLarge
		}
		if err := a.readBy(began.Add(budget.TimeFor(length + h.Length))); err != nil {
			return err
		}
		if err := a.attach(h); err != nil || h.Fin {
			return err
		}
		var err error
		if h, err = a.next(fragments); err != nil {
			return err
		}
	}
}

// attach reads one fragment. Memory is allocated for what has come, not for the
// length that its header claims.
func (a *assembly) attach(h ws.Header) error {
	m := a.message
	for offset := int64(0); offset < h.Length; {
		piece := a.buffer.piece()[:min(h.Length-offset, budget.Piece)]
		if !m.loan.Covers(int64(len(m.payload) + len(piece))) {
			return budget.ErrOverloaded
		}
		if err := a.fill(piece, h.Mask, offset); err != nil {
			return err
		}
		m.payload = append(m.payload, piece...)
		offset += int64(len(piece))
	}
	return nil
}

// next reads the header of the next fragment. Control frames may come between.
func (a *assembly) next(state ws.State) (ws.Header, error) {
	for {
		h, err := a.header(a.buffer, state)
		if err != nil || !h.OpCode.IsControl() {
			return h, err
		}
		if err := a.answer(h); err != nil {
			return h, err
		}
	}
}
