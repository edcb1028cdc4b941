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

// errLoginFirst: before a login nothing passes but what the list in doc.go has.
// SASL is not the only way in: a Prosody may know older ones (XEP-0078), and
// have accounts be made (XEP-0077).
var errLoginFirst = errors.New("it is no login, and nobody has logged in")

// A verdict is what becomes of an element that came before the login.
type verdict struct {
	login     bool        // it begins one
	goesOn    bool        // the client has more to say in that login
	rewritten []byte      // the document that passes instead; nil: as it is
	ticket    auth.Ticket // that it holds
	failure   string      // the answer; nothing passes
}

// judge decides about an element that stands in the document it was read from,
// by the list: a login that the settings allow, and the rest of one that is
// under way. A host is asked for by its name in the stream's header.
func (s *Server) judge(ctx context.Context, l *login, host string, underWay bool, e stanza.Element) (verdict, error) {
	switch step := e.Step(); {
	case step == stanza.StepResponse && underWay:
		return verdict{goesOn: true}, nil
	case step == stanza.StepAbort && underWay:
		return verdict{}, nil
	}
	if _, isLogin := e.Login(); !isLogin {
		return verdict{}, errLoginFirst
	}
	if goesOn, passes := l.passes(e); passes {
		return verdict{login: true, goesOn: goesOn}, nil
	}
	return s.judgeLogin(ctx, l, host, e)
}

// judgeLogin decides about a login that only a ticket lets in.
func (s *Server) judgeLogin(ctx context.Context, l *login, host string, e stanza.Element) (verdict, error) {
	c := auth.Credentials{Door: Door, Host: strings.ToLower(host), Token: l.token, Problem: l.problem, Resumption: l.resumption, Waiting: true}
	switch {
	case l.problem != nil: // an unreadable token is told of whatever the mechanism
	case l.token == "" && !l.guests: // likewise, and whatever the host
		c.Problem = auth.Refuse(auth.ReasonTokenRequired, "the connection has no token; have the link carry one (jwt=), or set gateway.guests: true")
	case l.token == "" || !e.Anonymous():
		c.Problem = auth.Refuse(auth.ReasonUnsupportedMechanism,
			"the gateway passes ANONYMOUS, as RFC 6120 has it, and passwords only with gateway.guests: true; look at the client")
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

// passes reports whether a login is Prosody's own to decide, and whether its
// mechanism has the client say more than one thing. That is where guests are
// wanted only: a token that is no more than a text proves nothing, so it allows
// nothing either. Recorders log in with a password (PLAIN, RFC 4616; SCRAM,
// RFC 5802 and 7677) on a host of their own; OAUTHBEARER (RFC 7628) is the
// Dovecot door's. With a token in the address ANONYMOUS is a login with that.
func (l *login) passes(e stanza.Element) (goesOn, passes bool) {
	if !l.guests || l.problem != nil || e.Step() != stanza.StepAuth {
		return false, false
	}
	switch mechanism, _ := e.Login(); mechanism {
	case "ANONYMOUS":
		return false, l.token == ""
	case "PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER":
		return true, true
	}
	return false, false
}

// notOnTheList is what a client is told that says something else: a condition of
// RFC 6120 section 4.9.3, and what it can do.
func (l *login) notOnTheList() (condition, text string) {
	if l.token == "" && l.problem == nil && !l.guests {
		return "not-authorized", auth.ReasonTokenRequired.ClientText()
	}
	return "not-authorized", "Please log in first: before the login nothing else is taken."
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
