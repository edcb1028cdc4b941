package websocket

import (
	"time"

	"github.com/gobwas/ws"

	"usher/auth/gateway/budget"
)

// assemble reads a message in fragments, which Prosody does not take
// (mod_websocket refuses continuation frames). How long it gets is not known
// before it has ended, so it is held whole, within the session's share.
func (c *Conn) assemble(b *buffer, h ws.Header, most int64) error {
	m := &b.message
	*m = Message{op: h.OpCode, loan: c.loan()}
	fragments, began := c.state.Set(ws.StateFragmented), time.Now()
	for {
		length := int64(len(m.payload))
		if h.Length > most-length { // not the sum: it may overflow
			return ErrTooLarge
		}
		if err := c.readBy(began.Add(budget.TimeFor(length + h.Length))); err != nil {
			return err
		}
		if err := c.attach(m, b, h); err != nil || h.Fin {
			return err
		}
		var err error
		if h, err = c.continuation(b, fragments); err != nil {
			return err
		}
	}
}

// attach reads a fragment. Its length is its sender's word: memory is taken for
// what has come.
func (c *Conn) attach(m *Message, b *buffer, h ws.Header) error {
	for offset := int64(0); offset < h.Length; {
		piece := b.piece()[:min(h.Length-offset, budget.Piece)]
		if !m.loan.Covers(int64(len(m.payload) + len(piece))) {
			return budget.ErrOverloaded
		}
		if err := c.fill(piece, h.Mask, offset); err != nil {
			return err
		}
		m.payload = append(m.payload, piece...)
		offset += int64(len(piece))
	}
	return nil
}

// continuation reads the header of the next fragment.
func (c *Conn) continuation(b *buffer, state ws.State) (ws.Header, error) {
	for {
		h, err := c.header(b, state)
		if err != nil || !h.OpCode.IsControl() {
			return h, err
		}
		if err := c.answer(h); err != nil {
			return h, err
		}
	}
}
