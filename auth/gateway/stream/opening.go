package stream

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"time"

	"usher/auth/gateway/budget"
	"usher/auth/gateway/filter"
	"usher/auth/gateway/relay"
	"usher/auth/gateway/stanza"
	"usher/auth/gateway/websocket"
	"usher/metrics"
)

// opening looks at the first message of the client, which says for which host it is.
type opening Session

// Limit implements [websocket.Inspector].
func (o *opening) Limit() int64 { return min(budget.Piece, o.messageBytes) }

// Whole implements [websocket.Inspector].
func (o *opening) Whole() bool { return true }

// Inspect implements [websocket.Inspector].
func (o *opening) Inspect(m *websocket.Message) (passes bool, err error) {
	element, err := stanza.Parse(m.Payload())
	if err != nil {
		return false, notReadable()
	}
	if o.stream.Position(element) != filter.Framed {
		return false, misplaced()
	}
	o.header = bytes.Clone(m.Payload())
	return false, nil
}

func notReadable() *closeReason {
	return policy(metrics.EndedPolicy, "not-well-formed", "The stanza could not be read.")
}

func misplaced() *closeReason {
	return policy(metrics.EndedPolicy, "bad-format", "A stream begins with one <open/> here.")
}

// begin waits for the beginning of the stream, and connects to the Prosody of its host.
// Its reason is nil once both sides can speak.
func (s *Session) begin() *closeReason {
	if s.connect == nil { // it is connected
		return nil
	}
	s.early = true
	if err := websocket.Receive(&s.client, (*opening)(s), s.store()); err != nil {
		return s.clientFailed(err)
	}
	ctx, cancel := context.WithTimeout(s.ctx, s.sessions.HandshakeTimeout)
	defer cancel()
	link, err := s.connect(ctx, s.stream.Host)
	s.connect = nil
	switch r, isRefused := errors.AsType[*Refused](err); {
	case err != nil && s.ctx.Err() != nil: // it was given up, as usher stops
		return stopped()
	case isRefused:
		return policy(r.Reason, r.Condition, r.Text)
	case err != nil:
		return policy(metrics.EndedByProsody, "internal-server-error", "The connection could not be served.")
	}
	if link.Prosody == nil {
		return s.turnAway(link.Failure)
	}
	return s.linked(link)
}

// linked begins the stream at Prosody as the client did.
func (s *Session) linked(l Link) *closeReason {
	if l.Relay != nil {
		l.Relay.Connection = s
		s.relay, s.login = s.sessions.Relays.New(*l.Relay), nil
	} else {
		s.login = &l.Login
	}
	s.prosody.Store(l.Prosody)
	if s.over.Load() { // it was not told
		_ = l.Prosody.Close()
	}
	header := s.header
	if s.header = nil; header == nil {
		return nil
	}
	if err := l.Prosody.Send(header); err != nil {
		return prosodyEnded(err)
	}
	return nil
}

// turnedAwayWithin is how long the client of a refused login may stay.
const turnedAwayWithin = 5 * time.Second

// turnAway refuses a login without a Prosody: the client is offered what it expects, and
// its login is answered with why it is refused.
func (s *Session) turnAway(failure string) *closeReason {
	for _, text := range []string{stanza.Opened(s.stream.Host, rand.Text()), stanza.OnlyAnonymous()} {
		if err := s.client.Send([]byte(text)); err != nil {
			return clientSlow(err)
		}
	}
	refusal := turnedAway{s, failure}
	for {
		err := websocket.Receive(&s.client, &refusal, s.store())
		if err != nil {
			return s.clientFailed(err)
		}
	}
}

// A turnedAway answers the login that is refused.
type turnedAway struct {
	*Session
	failure string // empty: it was told
}

// Limit implements [websocket.Inspector].
func (t *turnedAway) Limit() int64 { return min(budget.Piece, t.messageBytes) }

// Whole implements [websocket.Inspector].
func (t *turnedAway) Whole() bool { return true }

// Inspect implements [websocket.Inspector].
func (t *turnedAway) Inspect(m *websocket.Message) (passes bool, err error) {
	element, err := stanza.Parse(m.Payload())
	if err != nil {
		return false, notReadable()
	}
	_, isLogin := element.Login()
	switch {
	case element.Step() == stanza.StepClose:
		return false, &closeReason{reason: metrics.EndedByClient, client: streamClose(),
			code: websocket.StatusNormalClosure}
	case !isLogin || t.failure == "":
		return false, policy(metrics.EndedPolicy, "not-authorized", "The login was refused.")
	}
	failure := t.failure
	t.failure = ""
	if err := t.client.Send([]byte(failure)); err != nil {
		return false, clientSlow(err)
	}
	t.client.SetFinalDeadline(time.Now().Add(turnedAwayWithin))
	return false, nil
}

// Leave implements [relay.Connection]. From now on the client gets nothing of Prosody's: it
// is told by us that it is shown out, and not by the room as well.
func (s *Session) Leave(f relay.Farewell) {
	s.leaving.Store(true)
	s.sessions.Go(func(context.Context) { s.close(revoked(f)) })
}

// Cut implements [relay.Connection].
func (s *Session) Cut() {
	s.sessions.Go(func(context.Context) { s.close(&closeReason{reason: metrics.EndedCut, gone: true}) })
}
