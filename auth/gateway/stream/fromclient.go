package stream

import (
	"context"
	"errors"

	"usher/auth/gateway/budget"
	"usher/auth/gateway/filter"
	"usher/auth/gateway/stanza"
	"usher/auth/gateway/websocket"
	"usher/metrics"
)

// toProsody passes on what the client sends, until one of them ends.
func (s *Session) toProsody() *closeReason {
	err := websocket.Relay(&s.client, &s.prosody, (*fromClient)(s))
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

// Limit implements [websocket.Inspector]. Before the login it is what a buffer
// holds.
func (f *fromClient) Limit() int64 {
	if f.early = !f.progress.LoggedIn().Load(); f.early {
		return min(budget.Piece, f.messageBytes)
	}
	return f.messageBytes
}

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

// beforeJoin tells of a join, and has it wait. Who came without a token is
// nobody to the rooms.
func (s *Session) beforeJoin(m *websocket.Message) {
	rooms := s.sessions.Rooms
	if s.account == "" || rooms == nil {
		return
	}
	if room, joins := stanza.Join(m.Payload()[:min(len(m.Payload()), budget.Piece)]); joins {
		ctx, cancel := context.WithTimeout(s.ctx, s.sessions.JoinTimeout)
		defer cancel()
		rooms.BeforeJoin(ctx, s.account, room)
	}
}
