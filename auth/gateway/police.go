package gateway

import (
	"bytes"
	"errors"

	"usher/auth/gateway/stanza"
	"usher/auth/gateway/websocket"
	"usher/metrics"
)

// police lets of what comes before the login only that pass which the list in
// doc.go has. What cannot be read cannot be compared with it.
func (s *session) police(m *websocket.Message) (passes bool, e *ending) {
	element, err := stanza.Parse(m.Payload())
	if err != nil {
		return false, endPolicy(metrics.EndedPolicy, "not-well-formed", "The stanza could not be read.")
	}
	switch step := element.Step(); {
	case step == stanza.StepOpen && !s.opened:
		s.host, s.opened = element.Attribute("to"), true
		return true, nil
	case step == stanza.StepClose && s.opened:
		return true, nil
	case !s.opened, step == stanza.StepOpen, element.Stream():
		// Prosody's mod_websocket takes a stream of RFC 6120 as well, with a login in
		// it. A second beginning would have all that follows be part of it.
		return false, endPolicy(metrics.EndedPolicy, "bad-format", "A stream begins with one <open/> here.")
	}
	return s.policeLogin(m, element)
}

func (s *session) policeLogin(m *websocket.Message, element stanza.Element) (passes bool, e *ending) {
	v, err := s.judge(s.ctx, s.login, s.host, s.underWay.Load(), element)
	switch {
	case errors.Is(err, errLoginFirst):
		condition, text := s.login.notOnTheList()
		return false, endPolicy(metrics.EndedPolicy, condition, text)
	case err != nil:
		return false, endPolicy(metrics.EndedPolicy, "policy-violation", "The login could not be read.")
	case v.failure != "":
		return false, s.fail(v.failure)
	case v.login:
		s.begin(v)
	}
	s.underWay.Store(v.goesOn)
	if v.rewritten != nil {
		m.Replace(v.rewritten)
	}
	return true, nil
}

// begin notes a login that goes on to Prosody. What there is of one before is of
// no use any more.
func (s *session) begin(v verdict) {
	s.cancelTicket()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ticket, s.try = v.ticket, bytes.Clone(v.rewritten)
}

// fail tells the client that the login was refused.
func (s *session) fail(failure string) *ending {
	if err := s.client.Send([]byte(failure)); err != nil {
		return clientSlow(err)
	}
	if s.failures++; s.failures >= maxFailures {
		return endPolicy(metrics.EndedPolicy, "policy-violation", "Too many logins were refused.")
	}
	return nil
}
