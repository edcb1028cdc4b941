package gateway

import (
	"bytes"
	"context"
	"errors"

	"github.com/gobwas/ws"

	"usher/auth/gateway/stanza"
)

// toClient passes on what Prosody sends, until one of them ends.
func (s *session) toClient() *ending {
	for {
		// Outside of what follows, so that a session that waits has a small stack.
		if err := s.prosody.peek(); err != nil {
			return prosodyEnded(err)
		}
		if e := s.oneToClient(); e != nil {
			return e
		}
	}
}

// mostOfProsody bounds what Prosody sends in one message; it is only copied.
const mostOfProsody = 1 << 40

func (s *session) oneToClient() *ending {
	b := frameBuffers.Get().(*frameBuffer)
	defer frameBuffers.Put(b)
	m, err := s.prosody.read(b, mostOfProsody, s.share)
	defer m.loan.repay()
	if err != nil {
		return prosodyEnded(err)
	}
	if m.none() {
		return nil
	}
	if !s.listen(&m) {
		return nil
	}
	err = s.client.write(&m, b, &s.prosody)
	if fault, isRead := errors.AsType[readError](err); isRead {
		return prosodyEnded(fault.error)
	}
	if err != nil {
		return clientSlow(err)
	}
	return nil
}

// listen learns from Prosody how the login went, and by which name the stream
// can be resumed. The latter is remembered before the client knows it. It
// reports whether the message passes.
func (s *session) listen(m *message) (passes bool) {
	if !m.whole() {
		return true
	}
	switch {
	case !s.loggedIn.Load():
		element, err := stanza.Parse(m.payload)
		switch {
		case err != nil:
		case element.LoggedIn():
			s.enter()
		case element.Is(stanza.NamespaceSASL, "failure"):
			s.underWay.Store(false)
			return !s.tryAgain(m.payload)
		}
	case s.resumable != nil && bytes.HasPrefix(m.payload, []byte("<enabled")):
		element, err := stanza.Parse(m.payload)
		if id, ok := element.Resumption(); ok && err == nil {
			s.remember(id)
		}
	}
	return true
}

// enter notes that the client has logged in.
func (s *session) enter() {
	s.mu.Lock()
	if t := s.ticket; t.Random {
		s.resumable = &t
	}
	s.ticket.Text, s.try = "", nil
	s.mu.Unlock()
	s.loggedIn.Store(true)
}

// tryAgain sends a login once more of which Prosody says that it failed, though
// it never asked usher about it: that usher was started anew mod_auth_dovecot
// notices only when it asks next, and that login is lost. To the client it is
// not.
func (s *session) tryAgain(failure []byte) bool {
	s.mu.Lock()
	try, ticket := s.try, s.ticket.Text
	s.try = nil
	s.mu.Unlock()
	if try == nil || !bytes.Contains(failure, []byte("<internal-server-error")) || !s.Auth.TicketWaits(ticket) {
		return false
	}
	return s.prosody.write(&message{op: ws.OpText, payload: try}, nil, nil) == nil
}

// remember makes the account be the same again when the client comes back. If
// it fails the client only cannot resume; the state counts and logs that.
func (s *session) remember(id string) {
	ctx, cancel := context.WithTimeout(s.ctx, s.JoinTimeout)
	defer cancel()
	_ = s.Auth.Remember(ctx, *s.resumable, id)
	s.resumable = nil
}
