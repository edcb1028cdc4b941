package stream

import (
	"errors"
	"os"
	"time"

	"usher/auth/gateway/budget"
	"usher/auth/gateway/relay"
	"usher/auth/gateway/stanza"
	"usher/auth/gateway/websocket"
	"usher/metrics"
)

// A closeReason says why a session ends, and what both sides are told.
type closeReason struct {
	reason      metrics.Ending
	gone        bool                 // the client cannot be told
	byClient    bool                 // the client's close frame came: it need not be waited for
	client      []string             // the last messages to the client
	code        websocket.StatusCode // of the close frame for the client
	payload     []byte               // of the close frame, if it is the other side's
	tellProsody bool                 // Prosody gets the same close frame
	closeStream bool                 // Prosody is told that the stream is over, not only the connection

	// before are messages that the client gets first, and pause is the time until it is
	// told the rest. Prosody is told at once.
	before [][]byte
	pause  time.Duration
}

// streamClose ends a stream (RFC 7395 section 3.6).
func streamClose() []string { return []string{stanza.Close} }

// Error implements error, so that an inspector can say why a session ends.
func (r *closeReason) Error() string { return "the session ended: " + r.reason.String() }

// stopped is the reason when usher stops. Prosody sees a connection that was cut,
// and keeps the stream for the client, which resumes it (XEP-0198).
func stopped() *closeReason {
	return &closeReason{reason: metrics.EndedStopped, client: streamClose(), code: websocket.StatusGoingAway}
}

// policy is a reason that ends the stream as Prosody would: with an error of
// RFC 6120 section 4.9.3.
func policy(reason metrics.Ending, condition, text string) *closeReason {
	return &closeReason{
		reason: reason, client: []string{stanza.StreamError(condition, text), stanza.Close},
		code: websocket.StatusPolicyViolation, closeStream: true,
	}
}

// showFor is how long a page has to show why its account was taken out of a room.
const showFor = 1500 * time.Millisecond

// revoked is the reason when an operator ends the login.
func revoked(f relay.Farewell) *closeReason {
	why := policy(metrics.EndedRevoked, f.End.Condition, f.End.Text)
	why.before, why.pause = f.Presences, showFor
	return why
}

// clientEnded is the reason after an error of the client's connection.
func clientEnded(err error) *closeReason {
	c, isClose := errors.AsType[*websocket.ClosedError](err)
	a, isAnswer := errors.AsType[*websocket.AnswerError](err)
	switch {
	case isClose:
		return &closeReason{reason: metrics.EndedByClient, byClient: true, payload: c.Payload, tellProsody: true}
	case isAnswer:
		return clientSlow(a.Err)
	case websocket.BreaksProtocol(err):
		return &closeReason{reason: metrics.EndedProtocol, code: websocket.StatusProtocolError}
	case errors.Is(err, websocket.ErrTooLarge):
		return policy(metrics.EndedTooLarge, "policy-violation", "The stanza is too large.")
	case errors.Is(err, websocket.ErrTooMuch):
		return policy(metrics.EndedPolicy, "policy-violation", "Too much was sent before the login.")
	case errors.Is(err, budget.ErrOverloaded):
		return policy(metrics.EndedOverloaded, "resource-constraint", "Too many large stanzas at the same time.")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &closeReason{reason: metrics.EndedIdle, gone: true}
	}
	return &closeReason{reason: metrics.EndedByClient, gone: true}
}

// clientSlow is the reason after an error of a write to the client.
func clientSlow(err error) *closeReason {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &closeReason{reason: metrics.EndedSlow, gone: true}
	}
	return &closeReason{reason: metrics.EndedByClient, gone: true}
}

// prosodyEnded is the reason after an error of the connection to Prosody.
func prosodyEnded(err error) *closeReason {
	if c, isClose := errors.AsType[*websocket.ClosedError](err); isClose {
		return &closeReason{reason: metrics.EndedByProsody, payload: c.Payload, tellProsody: true}
	}
	return &closeReason{reason: metrics.EndedByProsody, code: websocket.StatusBadGateway}
}
