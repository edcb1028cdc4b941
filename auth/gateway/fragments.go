package gateway

import (
	"time"

	"github.com/gobwas/ws"
)

// assemble reads a message in fragments, which Prosody does not take
// (mod_websocket refuses continuation frames). How long it gets is not known
// before it has ended, so it is held whole, within the session's share.
func (e *end) assemble(b *frameBuffer, h ws.Header, most int64, of *share) (message, error) {
	m := message{op: h.OpCode, loan: loan{of: of}}
	fragments, began := e.state.Set(ws.StateFragmented), time.Now()
	for {
		length := int64(len(m.payload))
		if h.Length > most-length { // not the sum: it may overflow
			return m, errTooLarge
		}
		if err := e.deadline(began.Add(timeFor(length + h.Length))); err != nil {
			return m, err
		}
		if err := e.attach(&m, b, h); err != nil || h.Fin {
			return m, err
		}
		var err error
		if h, err = e.continuation(b, fragments); err != nil {
			return m, err
		}
	}
}

// attach reads a fragment. Its length is its sender's word: memory is taken for
// what has come.
func (e *end) attach(m *message, b *frameBuffer, h ws.Header) error {
	for offset := int64(0); offset < h.Length; {
		piece := b.piece()[:min(h.Length-offset, pieceBytes)]
		if !m.loan.covers(int64(len(m.payload) + len(piece))) {
			return errOverloaded
		}
		if err := e.fill(piece, h.Mask, offset); err != nil {
			return err
		}
		m.payload = append(m.payload, piece...)
		offset += int64(len(piece))
	}
	return nil
}

// continuation reads the header of the next fragment.
func (e *end) continuation(b *frameBuffer, state ws.State) (ws.Header, error) {
	for {
		h, err := e.header(b, state)
		if err != nil || !h.OpCode.IsControl() {
			return h, err
		}
		if err := e.answer(h); err != nil {
			return h, err
		}
	}
}
