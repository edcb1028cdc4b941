package websocket

import "github.com/gobwas/ws"

// A StatusCode is what a close frame says (RFC 6455 section 7.4.1).
type StatusCode uint16

// The codes that usher sends.
const (
	StatusNormalClosure   StatusCode = 1000
	StatusGoingAway       StatusCode = 1001
	StatusProtocolError   StatusCode = 1002
	StatusPolicyViolation StatusCode = 1008
	StatusBadGateway      StatusCode = 1014 // Prosody went away (IANA registry of WebSocket close codes)
)

// checkClose checks a close frame by RFC 6455 section 5.5.1, as it is passed on.
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
