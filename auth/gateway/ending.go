package gateway

import (
	"errors"
	"os"

	"github.com/gobwas/ws"

	"usher/auth/gateway/stanza"
	"usher/metrics"
)

// An ending is why a session ends, and what the two sides are told of it.
type ending struct {
	reason      metrics.Ending
	gone        bool          // there is nobody to tell
	parted      bool          // the client's close frame came: there is nothing to wait for
	client      []string      // the last messages to the client
	code        ws.StatusCode // of the close frame for the client
	payload     []byte        // the close frame's payload, if it is another's
	tellProsody bool          // Prosody gets the same close frame
	closeStream bool          // Prosody is told that the stream is over, not only the connection
}

var streamClose = []string{stanza.Close}

// statusBadGateway is what clients are told when Prosody went away (IANA
// registry of WebSocket close codes).
const statusBadGateway ws.StatusCode = 1014

// endStopped is how a session ends when usher does. Prosody sees a connection that
// was cut, and keeps the stream for the client, who resumes it (XEP-0198).
func endStopped() *ending {
	return &ending{reason: metrics.EndedStopped, client: streamClose, code: ws.StatusGoingAway}
}

// endPolicy ends the stream as Prosody would: with an error of RFC 6120
// section 4.9.3.
func endPolicy(reason metrics.Ending, condition, text string) *ending {
	return &ending{reason: reason, client: []string{stanza.StreamError(condition, text), stanza.Close}, code: ws.StatusPolicyViolation, closeStream: true}
}

// clientEnded says what comes of an error of the client's connection.
func clientEnded(err error) *ending {
	c, isClose := errors.AsType[closed](err)
	w, isWrite := errors.AsType[writeError](err)
	_, isProtocol := errors.AsType[ws.ProtocolError](err)
	switch {
	case isClose:
		return &ending{reason: metrics.EndedByClient, parted: true, payload: c.payload, tellProsody: true}
	case isWrite:
		return clientSlow(w.error)
	case isProtocol, errors.Is(err, ws.ErrHeaderLengthMSB):
		return &ending{reason: metrics.EndedProtocol, code: ws.StatusProtocolError}
	case errors.Is(err, errTooLarge):
		return endPolicy(metrics.EndedTooLarge, "policy-violation", "The stanza is too large.")
	case errors.Is(err, errTooMuch):
		return endPolicy(metrics.EndedPolicy, "policy-violation", "Too much was sent before the login.")
	case errors.Is(err, errOverloaded):
		return endPolicy(metrics.EndedOverloaded, "resource-constraint", "Too many large stanzas at the same time.")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &ending{reason: metrics.EndedIdle, gone: true}
	}
	return &ending{reason: metrics.EndedByClient, gone: true}
}

// clientSlow says what comes of an error of a write to the client.
func clientSlow(err error) *ending {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &ending{reason: metrics.EndedSlow, gone: true}
	}
	return &ending{reason: metrics.EndedByClient, gone: true}
}

// prosodyEnded says what comes of an error of the connection to Prosody.
func prosodyEnded(err error) *ending {
	if c, isClose := errors.AsType[closed](err); isClose {
		return &ending{reason: metrics.EndedByProsody, payload: c.payload, tellProsody: true}
	}
	return &ending{reason: metrics.EndedByProsody, code: statusBadGateway}
}
