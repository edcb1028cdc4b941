package gateway

import (
	"bytes"
	"context"
	"errors"

	"usher/auth"
	"usher/auth/gateway/stanza"
)

// toProsody passes on what the client sends, until one of them ends.
func (s *session) toProsody() *ending {
	for {
		// Outside of what follows, so that a session that waits has a small stack,
		// and no buffer.
		if err := s.client.peek(); err != nil {
			return clientEnded(err)
		}
		if e := s.oneToProsody(); e != nil {
			return e
		}
	}
}

func (s *session) oneToProsody() *ending {
	b := frameBuffers.Get().(*frameBuffer)
	defer frameBuffers.Put(b)
	m, err := s.client.read(b, s.settings.MessageBytes, s.budget)
	defer m.loan.repay()
	switch {
	case err != nil:
		return clientEnded(err)
	case m.none():
		return nil
	}
	passes, e := s.look(&m)
	if e != nil || !passes {
		return e
	}
	err = s.prosody.write(&m, b, &s.client)
	if fault, isRead := errors.AsType[readError](err); isRead {
		return clientEnded(fault.error)
	}
	if err != nil {
		return prosodyEnded(err)
	}
	return nil
}

// look looks at a message of the client, may put another in its place, and
// says whether it passes.
func (s *session) look(m *message) (passes bool, e *ending) {
	if s.login != nil && s.loggedIn.Load() {
		s.login, s.host = nil, ""
		s.jid = s.jidOfTicket()
	}
	switch {
	case s.login != nil && s.login.policed():
		return s.police(m)
	case s.jid != "" && s.Rooms != nil:
		if room, joins := stanza.Join(m.payload[:min(len(m.payload), pieceBytes)]); joins {
			ctx, cancel := context.WithTimeout(s.ctx, s.JoinTimeout)
			defer cancel()
			s.Rooms.BeforeJoin(ctx, s.jid, room)
		}
	}
	return true, nil
}

func (s *session) jidOfTicket() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ticket.Account == "" {
		return ""
	}
	return s.ticket.JID()
}

// police reads a message before the login strictly.
func (s *session) police(m *message) (passes bool, e *ending) {
	if !m.whole() || len(m.payload) > pieceBytes {
		return false, endPolicy("policy", "policy-violation", "The stanza is too large before the login.")
	}
	element, err := stanza.Parse(m.payload)
	if err != nil {
		return false, endPolicy("policy", "not-well-formed", "The stanza could not be read.")
	}
	if element.Stream() {
		return false, endPolicy("policy", "bad-format", "A stream begins with <open/> here.")
	}
	if element.Is(stanza.NamespaceFraming, "open") {
		s.host = element.Attribute("to")
	}
	v, err := s.judge(s.ctx, s.login, s.host, element)
	switch {
	case errors.Is(err, errTokenFirst):
		return false, endPolicy("policy", "not-authorized", auth.ReasonTokenRequired.ClientText())
	case err != nil:
		return false, endPolicy("policy", "policy-violation", "The login could not be read.")
	case v.failure != "":
		return false, s.fail(v.failure)
	case v.login:
		s.begin(v)
	}
	if v.rewritten != nil {
		m.payload = v.rewritten
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
	if err := s.client.text(failure); err != nil {
		return clientSlow(err)
	}
	if s.failures++; s.failures >= maxFailures {
		return endPolicy("policy", "policy-violation", "Too many logins were refused.")
	}
	return nil
}
