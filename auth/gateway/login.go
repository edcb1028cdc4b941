package gateway

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"

	"usher/auth"
	"usher/auth/gateway/stanza"
)

// maxFailures is how many logins may be refused on one connection.
const maxFailures = 5

// errTokenFirst: who cannot log in, as there is no token, has nothing to say but
// that. SASL is not the only way in: a Prosody may know older ones (XEP-0078),
// and have accounts be made (XEP-0077).
var errTokenFirst = errors.New("there is no token, and it is no login")

// A verdict is what becomes of an element of a policed connection.
type verdict struct {
	login     bool        // it begins one
	rewritten []byte      // the document that passes instead; nil: as it is
	ticket    auth.Ticket // that it holds
	failure   string      // the answer; nothing passes
}

// judge decides about an element that stands in the document it was read from.
// Only what begins a login is of interest. A host is asked for by its name in
// the stream's header.
func (s *Server) judge(ctx context.Context, l *login, host string, e stanza.Element) (verdict, error) {
	mechanism, isLogin := e.Login()
	switch {
	case !isLogin && l.token == "" && e.Name.Space != stanza.NamespaceFraming:
		return verdict{}, errTokenFirst
	case !isLogin:
		return verdict{}, nil
	}
	c := auth.Credentials{Door: Door, Host: strings.ToLower(host), Token: l.token, Problem: l.problem, Resumption: l.resumption, Waiting: true}
	switch {
	case l.token == "" && l.problem == nil: // whatever the mechanism, and the host
		c.Problem = auth.Refuse(auth.ReasonTokenRequired, "the connection has no token; have the link carry one (jwt=), or set gateway.guests: true")
	case e.Anonymous(), l.token == "": // an unreadable token is told of whatever the mechanism
	case strings.EqualFold(mechanism, "ANONYMOUS"):
		c.Problem = auth.Refuse(auth.ReasonUnsupportedMechanism, "ANONYMOUS, but not as RFC 6120 has it; look at the client")
	default: // with a password of Prosody's own: the token is of no account
		return verdict{login: true}, nil
	}
	t, err := s.Auth.IssueTicket(ctx, c)
	if err != nil {
		return verdict{login: true, failure: failureOf(err)}, nil
	}
	text, err := e.WithText(base64.StdEncoding.EncodeToString([]byte(t.Text)))
	if err != nil {
		s.cancel(t.Text)
		return verdict{}, err
	}
	return verdict{login: true, rewritten: text, ticket: t}, nil
}

// cancel drops a ticket that nobody will use.
func (s *Server) cancel(ticket string) {
	if ticket == "" {
		return
	}
	defer s.Panics.Recover(Door, "ticket", func() {})
	s.Auth.CancelTicket(ticket)
}

// failureOf is the refusal as the client is told it.
func failureOf(err error) string {
	reason := auth.ReasonInternalError
	if refusal, ok := errors.AsType[*auth.Refusal](err); ok && refusal != nil && refusal.Reason != "" {
		reason = refusal.Reason
	}
	if reason.Undecided() {
		return stanza.Failure("temporary-auth-failure", reason.ClientText())
	}
	return stanza.Failure("not-authorized", reason.ClientText())
}
