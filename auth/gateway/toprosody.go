package gateway

import (
	"context"
	"errors"

	"usher/auth/gateway/stanza"
	"usher/metrics"
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
	early := !s.loggedIn.Load()
	m, err := s.client.read(b, s.mostOfClient(early), s.share)
	defer m.loan.repay()
	switch {
	case early && errors.Is(err, errTooLarge):
		return endPolicy(metrics.EndedPolicy, "policy-violation", "The stanza is too large before the login.")
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

// mostOfClient bounds the next message of the client. Before the login that is
// what a buffer holds.
func (s *session) mostOfClient(early bool) int64 {
	if early {
		return min(pieceBytes, s.settings.MessageBytes)
	}
	return s.settings.MessageBytes
}

// look looks at a message of the client, may put another in its place, and
// says whether it passes.
func (s *session) look(m *message) (passes bool, e *ending) {
	if s.login != nil && s.loggedIn.Load() {
		s.login, s.host = nil, ""
		s.jid = s.jidOfTicket()
	}
	switch {
	case s.login != nil:
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
