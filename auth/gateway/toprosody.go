package gateway

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
func (s *session) toProsody() *ending {
	err := websocket.Relay(&s.client, &s.prosody, (*fromClient)(s))
	if e, ok := errors.AsType[*ending](err); ok {
		return e
	}
	if fault, ok := errors.AsType[*websocket.DestinationError](err); ok {
		return prosodyEnded(fault.Err)
	}
	if s.early && errors.Is(err, websocket.ErrTooLarge) {
		return endPolicy(metrics.EndedPolicy, "policy-violation", "The stanza is too large before the login.")
	}
	return clientEnded(err)
}

// fromClient inspects what the client sends.
type fromClient session

// Limit implements [websocket.Inspector]. Before the login it is what a buffer
// holds.
func (f *fromClient) Limit() int64 {
	if f.early = !f.progress.LoggedIn().Load(); f.early {
		return min(budget.Piece, f.settings.MessageBytes)
	}
	return f.settings.MessageBytes
}

// Inspect implements [websocket.Inspector].
func (f *fromClient) Inspect(m *websocket.Message) (passes bool, err error) {
	s := (*session)(f)
	if s.login != nil && s.progress.LoggedIn().Load() {
		s.login, s.stream = nil, filter.Stream{}
		s.jid = s.progress.Account()
	}
	switch {
	case s.login != nil:
		passes, e := s.police(m)
		if e != nil {
			return false, e
		}
		return passes, nil
	case s.jid != "" && s.Rooms != nil:
		if room, joins := stanza.Join(m.Payload()[:min(len(m.Payload()), budget.Piece)]); joins {
			ctx, cancel := context.WithTimeout(s.ctx, s.JoinTimeout)
			defer cancel()
			s.Rooms.BeforeJoin(ctx, s.jid, room)
		}
	}
	return true, nil
}
