package gateway

import "github.com/gobwas/ws"

// answer reads a control frame whose header was read. Only the close frame
// ends something.
func (e *end) answer(h ws.Header) error {
	payload := make([]byte, h.Length)
	if err := e.fill(payload, h.Mask, 0); err != nil {
		return err
	}
	switch h.OpCode {
	case ws.OpClose:
		if err := checkClose(payload); err != nil && e.state.ServerSide() {
			return err
		}
		return closed{payload}
	case ws.OpPing:
		if err := e.control(ws.OpPong, payload); err != nil {
			return writeError{err}
		}
	}
	return nil
}

// A writeError is the fault of a side that does not read.
type writeError struct{ error }

// checkClose holds a close frame to RFC 6455 section 5.5.1: it is passed on.
func checkClose(payload []byte) error {
	switch code, reason := ws.ParseCloseFrameData(payload); len(payload) {
	case 0:
		return nil
	case 1:
		return ws.ErrProtocolStatusCodeNotInUse
	default:
		return ws.CheckCloseFrameData(code, reason)
	}
}
