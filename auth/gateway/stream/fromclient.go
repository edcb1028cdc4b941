package stream

import (
	"bytes"
	"context"
	"errors"

	"usher/auth/gateway/budget"
	"usher/auth/gateway/filter"
	"usher/auth/gateway/login"
	"usher/auth/gateway/stanza"
	"usher/auth/gateway/websocket"
	"usher/metrics"
)

// toProsody passes on what the client sends until one of the connections ends.
func (s *Session) toProsody() *closeReason {
	var inspector websocket.Inspector = (*fromClient)(s)
	if s.relay != nil {
		inspector = (*relayedClient)(s)
	}
	return s.clientFailed(websocket.Relay(&s.client, s.prosody.Load(), inspector, s.store()))
}

// clientFailed is the reason after an error while the client is read.
func (s *Session) clientFailed(err error) *closeReason {
	if why, ok := errors.AsType[*closeReason](err); ok {
		return why
	}
	if fault, ok := errors.AsType[*websocket.DestinationError](err); ok {
		return prosodyEnded(fault.Err)
	}
	if s.early && errors.Is(err, websocket.ErrTooLarge) {
		return policy(metrics.EndedPolicy, "policy-violation", "The stanza is too large before the login.")
	}
	return clientEnded(err)
}

// fromClient inspects what the client sends.
type fromClient Session

// Limit implements [websocket.Inspector]. Before the login it is one piece.
func (f *fromClient) Limit() int64 {
	if f.early = !f.progress.LoggedIn().Load(); f.early {
		return min(budget.Piece, f.messageBytes)
	}
	return f.messageBytes
}

// Whole implements [websocket.Inspector].
func (f *fromClient) Whole() bool { return false }

// Inspect implements [websocket.Inspector].
func (f *fromClient) Inspect(m *websocket.Message) (passes bool, err error) {
	s := (*Session)(f)
	if s.login != nil && s.progress.LoggedIn().Load() {
		s.login, s.stream = nil, filter.Stream{}
		s.account = s.progress.Account()
	}
	if s.login == nil {
		s.beforeJoin(m)
		return true, nil
	}
	passes, why := s.beforeLogin(m)
	if why != nil {
		return false, why
	}
	return passes, nil
}

// beforeJoin tells the rooms of a join, which waits meanwhile. They do not know
// clients that logged in without a token. A join that they refuse is swapped.
func (s *Session) beforeJoin(m *websocket.Message) {
	rooms := s.sessions.Rooms
	if s.account == "" || rooms == nil {
		return
	}
	if room, joins := stanza.Join(m.Payload()[:min(len(m.Payload()), budget.Piece)]); joins {
		ctx, cancel := context.WithTimeout(s.ctx, s.sessions.JoinTimeout)
		defer cancel()
		if refused := rooms.BeforeJoin(ctx, s.account, room); refused != "" {
			s.refuseJoin(m, refused)
		}
	}
}

// refuseJoin has a join not go on. One that is longer than a piece does: Prosody's module
// refuses it in its own words.
func (s *Session) refuseJoin(m *websocket.Message, reason string) {
	if !m.Whole() || s.sessions.Relays == nil {
		return
	}
	element, err := stanza.Parse(m.Payload())
	if err != nil {
		return
	}
	if ping, ok := s.sessions.Relays.RefuseJoin(s.account, reason, element); ok {
		m.Replace(ping)
	}
}

// beforeLogin lets pass what package filter lists. What cannot be parsed cannot be
// compared with that list, and ends the session.
func (s *Session) beforeLogin(m *websocket.Message) (passes bool, why *closeReason) {
	element, err := stanza.Parse(m.Payload())
	if err != nil {
		return false, notReadable()
	}
	switch s.stream.Position(element) {
	case filter.Framed:
		return true, nil
	case filter.Misplaced:
		return false, misplaced()
	}
	return s.inspectLogin(m, element)
}

// inspectLogin lets a login pass, with a ticket in the place of the token, and
// the steps of one that is under way.
func (s *Session) inspectLogin(m *websocket.Message, element stanza.Element) (passes bool, why *closeReason) {
	v, err := s.sessions.Exchange.Judge(s.ctx, s.login, s.stream.Host, s.progress.UnderWay(), element)
	switch {
	case errors.Is(err, login.ErrForbidden):
		condition, text := s.login.Told()
		return false, policy(metrics.EndedPolicy, condition, text)
	case err != nil:
		return false, policy(metrics.EndedPolicy, "policy-violation", "The login could not be read.")
	case v.Failure != "":
		return false, s.refuseLogin(v.Failure)
	case v.Begins:
		s.sessions.Exchange.Cancel(s.progress.Begin(v, bytes.Clone(v.Rewritten)))
	default:
		s.progress.Continue(v)
	}
	if v.Rewritten != nil {
		m.Replace(v.Rewritten)
	}
	return true, nil
}

// refuseLogin tells the client that the login was refused.
func (s *Session) refuseLogin(failure string) *closeReason {
	if err := s.client.Send([]byte(failure)); err != nil {
		return clientSlow(err)
	}
	if s.failures++; s.failures >= login.MaxFailures {
		return policy(metrics.EndedPolicy, "policy-violation", "Too many logins were refused.")
	}
	return nil
}
