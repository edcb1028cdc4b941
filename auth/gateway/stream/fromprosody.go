package stream

import (
	"bytes"
	"context"
	"errors"

	"usher/auth/gateway/relay"
	"usher/auth/gateway/stanza"
	"usher/auth/gateway/websocket"
)

// toClient passes on what Prosody sends until one of the connections ends.
func (s *Session) toClient() *closeReason {
	var inspector websocket.Inspector = (*fromProsody)(s)
	if s.relay != nil {
		inspector = (*relayedProsody)(s)
	}
	err := websocket.Relay(s.prosody.Load(), &s.client, inspector, s.store())
	if why, ok := errors.AsType[*closeReason](err); ok {
		return why
	}
	if fault, ok := errors.AsType[*websocket.DestinationError](err); ok {
		return clientSlow(fault.Err)
	}
	return prosodyEnded(err)
}

// fromProsody observes what Prosody sends.
type fromProsody Session

// mostOfProsody bounds a message of Prosody, in bytes: it is only copied.
const mostOfProsody = 1 << 40

// Limit implements [websocket.Inspector].
func (f *fromProsody) Limit() int64 { return mostOfProsody }

// Whole implements [websocket.Inspector].
func (f *fromProsody) Whole() bool { return false }

// Inspect implements [websocket.Inspector]. It learns how the login went, and by
// which identifier the stream can be resumed, which is remembered before the
// client learns it.
func (f *fromProsody) Inspect(m *websocket.Message) (passes bool, err error) {
	s := (*Session)(f)
	if s.leaving.Load() { // the client is told by us
		return false, nil
	}
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
	case relay.MayAnswer(m.Payload()):
		s.answerJoin(m)
	}
	return true, nil
}

// answerJoin tells the client why a join was refused.
func (s *Session) answerJoin(m *websocket.Message) {
	account := s.progress.Account()
	if account == "" || s.sessions.Relays == nil {
		return
	}
	element, err := stanza.Parse(m.Payload())
	if err != nil {
		return
	}
	if answer, ours := s.sessions.Relays.Answer(account, element); ours {
		m.Replace(answer)
	}
}

// tryAgain repeats a login that Prosody failed without asking usher. After a restart
// of usher mod_auth_dovecot finds out that its connection is gone only with the
// next login, which is lost. The client does not notice.
func (s *Session) tryAgain(failure []byte) bool {
	element, ticket := s.progress.Repeat()
	if element == nil || !bytes.Contains(failure, []byte("<internal-server-error")) ||
		!s.sessions.Exchange.Tickets.TicketWaits(ticket) {
		return false
	}
	return s.prosody.Load().Send(element) == nil
}

// remember has the client get the same account when it resumes the stream. If that
// fails the client can only not resume; the state counts and logs it.
func (s *Session) remember(id string) {
	ctx, cancel := context.WithTimeout(s.ctx, s.sessions.JoinTimeout)
	defer cancel()
	_ = s.sessions.Memory.Remember(ctx, *s.resumable, id)
	s.resumable = nil
}
