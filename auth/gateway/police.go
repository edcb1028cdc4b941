package gateway

import (
	"bytes"
	"errors"

	"usher/auth/gateway/filter"
	"usher/auth/gateway/login"
	"usher/auth/gateway/stanza"
	"usher/auth/gateway/websocket"
	"usher/metrics"
)

// police lets of what comes before the login only that pass which the list in
// package filter has. What cannot be read cannot be compared with it.
func (s *session) police(m *websocket.Message) (passes bool, e *ending) {
	element, err := stanza.Parse(m.Payload())
	if err != nil {
		return false, endPolicy(metrics.EndedPolicy, "not-well-formed", "The stanza could not be read.")
	}
	switch s.stream.Position(element) {
	case filter.Framed:
		return true, nil
	case filter.Misplaced:
		return false, endPolicy(metrics.EndedPolicy, "bad-format", "A stream begins with one <open/> here.")
	}
	return s.policeLogin(m, element)
}

func (s *session) policeLogin(m *websocket.Message, element stanza.Element) (passes bool, e *ending) {
	v, err := s.exchange.Judge(s.ctx, s.login, s.stream.Host, s.progress.UnderWay(), element)
	switch {
	case errors.Is(err, login.ErrForbidden):
		condition, text := s.login.Told()
		return false, endPolicy(metrics.EndedPolicy, condition, text)
	case err != nil:
		return false, endPolicy(metrics.EndedPolicy, "policy-violation", "The login could not be read.")
	case v.Failure != "":
		return false, s.fail(v.Failure)
	case v.Begins:
		s.exchange.Cancel(s.progress.Begin(v, bytes.Clone(v.Rewritten)))
	default:
		s.progress.Continue(v)
	}
	if v.Rewritten != nil {
		m.Replace(v.Rewritten)
	}
	return true, nil
}

// fail tells the client that the login was refused.
func (s *session) fail(failure string) *ending {
	if err := s.client.Send([]byte(failure)); err != nil {
		return clientSlow(err)
	}
	if s.failures++; s.failures >= login.MaxFailures {
		return endPolicy(metrics.EndedPolicy, "policy-violation", "Too many logins were refused.")
	}
	return nil
}
