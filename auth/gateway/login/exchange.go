package login

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"

	"usher/auth"
	"usher/auth/gateway/filter"
	"usher/auth/gateway/stanza"
	"usher/internal/panics"
)

// Tickets makes tickets for tokens, for logins that are under way.
type Tickets interface {
	// IssueTicket decides about a login; the error is an [*auth.Refusal].
	IssueTicket(ctx context.Context, c auth.Credentials) (auth.Ticket, error)
	// CancelTicket drops a ticket, unless it was used.
	CancelTicket(text string)
	// TicketWaits reports whether a ticket was not used yet.
	TicketWaits(text string) bool
}

// MaxFailures is how many logins may be refused on one connection.
const MaxFailures = 5

// ErrForbidden says that an element is not on the list of package filter.
var ErrForbidden = errors.New("it is no login, and nobody has logged in")

// A Verdict is what becomes of an element that came before the login.
type Verdict struct {
	Begins    bool        // it begins a login
	GoesOn    bool        // the client has more to say in that login
	Rewritten []byte      // the document that passes instead; nil: as it is
	Ticket    auth.Ticket // that it holds
	Failure   string      // the answer to the client, an element; nothing passes
}

// An Exchange puts tickets in the place of tokens.
type Exchange struct {
	Tickets Tickets
	Panics  *panics.Reporter // nil: nothing is written
}

// Judge decides about an element that came before the login. The host is the one in
// the stream's header. The error is [ErrForbidden], or says that the element has no
// place for a ticket.
func (x *Exchange) Judge(
	ctx context.Context, c *Credentials, host string, underWay bool, e stanza.Element,
) (Verdict, error) {
	switch c.connection().Decide(e, underWay) {
	case filter.Forbidden:
		return Verdict{}, ErrForbidden
	case filter.Continues:
		return Verdict{GoesOn: true}, nil
	case filter.Aborts:
		return Verdict{}, nil
	case filter.Passes:
		return Verdict{Begins: true}, nil
	case filter.Begins:
		return Verdict{Begins: true, GoesOn: true}, nil
	}
	return x.exchange(ctx, c, host, e)
}

// exchange decides about a login that only a ticket lets in.
func (x *Exchange) exchange(ctx context.Context, c *Credentials, host string, e stanza.Element) (Verdict, error) {
	problem := c.Problem // the answer, whatever the mechanism
	if problem == nil {
		problem = c.connection().Refusal(e)
	}
	t, err := x.Tickets.IssueTicket(ctx, auth.Credentials{
		Door: Door, Host: strings.ToLower(host), Token: c.Token,
		Problem: problem, Resumption: c.Resumption, Waiting: true,
	})
	if err != nil {
		return Verdict{Begins: true, Failure: Failure(err)}, nil
	}
	text, err := e.WithText(base64.StdEncoding.EncodeToString([]byte(t.Text)))
	if err != nil {
		x.Cancel(t.Text)
		return Verdict{}, err
	}
	return Verdict{Begins: true, Rewritten: text, Ticket: t}, nil
}

// Cancel drops a ticket that will not be used; an empty text is none.
func (x *Exchange) Cancel(ticket string) {
	if ticket == "" {
		return
	}
	defer x.Panics.Recover(Door, "ticket", func() {})
	x.Tickets.CancelTicket(ticket)
}

// Failure is a refusal as the client is told it, an element.
func Failure(err error) string { return failure("not-authorized", err) }

// RelayFailure is Failure at a host that has a relay, where Jitsi's own module has
// this condition.
func RelayFailure(err error) string { return failure("not-allowed", err) }

func failure(condition string, err error) string {
	reason := auth.RefusalOf(err).Reason
	if reason.Undecided() {
		condition = "temporary-auth-failure"
	}
	return stanza.Failure(condition, reason.LinkText())
}
