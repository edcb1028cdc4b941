package stream

import (
	"bytes"
	"context"
	"errors"

	"usher/auth/gateway/stanza"
	"usher/auth/gateway/websocket"
)

// toClient passes on what Prosody sends, until one of them ends.
func (s *Session) toClient() *closeReason {
	err := websocket.Relay(&s.prosody, &s.client, (*fromProsody)(s), s.store())
	if fault, ok := errors.AsType[*websocket.DestinationError](err); ok {
		return clientSlow(fault.Err)
	}
	return prosodyEnded(err)
}

// fromProsody observes what Prosody sends.
type fromProsody Session

// mostOfProsody bounds what Prosody sends in one message; it is only copied.
const mostOfProsody = 1 << 40

// Limit implements [websocket.Inspector].
func (f *fromProsody) Limit() int64 { return mostOfProsody }

// Inspect implements [websocket.Inspector]. It learns from Prosody how the login
// went, and by which name the stream can be resumed. The latter is remembered
// before the client knows it.
func (f *fromProsody) Inspect(m *websocket.Message) (passes bool, err error) {
	s := (*Session)(f)
	if !m.Whole() {
		return true, nil
	}
	switch {
	case !s.progress.LoggedIn().Load():
		element, err := stanza.Parse(m.Payload())
		switch {
		case err != nil:
		case element.LoggedIn():
			if t := s.progress.Succeed(); t.Random {
				s.resumable = &t
			}
		case element.Is(stanza.NamespaceSASL, "failure"):
			s.progress.Fail()
			return !s.tryAgain(m.Payload()), nil
		}
	case s.resumable != nil && bytes.HasPrefix(m.Payload(), []byte("<enabled")):
		element, err := stanza.Parse(m.Payload())
		if id, ok := element.Resumption(); ok && err == nil {
			s.remember(id)
		}
	}
	return true, nil
}

// tryAgain sends a login once more of which Prosody says that it failed, though
// it never asked usher about it: that usher was started anew mod_auth_dovecot
// notices only when it asks next, and that login is lost. To the client it is
// not.
func (s *Session) tryAgain(failure []byte) bool {
	element, ticket := s.progress.Repeat()
	if element == nil || !bytes.Contains(failure, []byte("<internal-server-error")) || !s.sessions.Exchange.Tickets.TicketWaits(ticket) {
		return false
	}
	return s.prosody.Send(element) == nil
}

// remember makes the account be the same again when the client comes back. If
// it fails the client only cannot resume; the state counts and logs that.
func (s *Session) remember(id string) {
	ctx, cancel := context.WithTimeout(s.ctx, s.sessions.JoinTimeout)
	defer cancel()
	_ = s.sessions.Memory.Remember(ctx, *s.resumable, id)
	s.resumable = nil
}
