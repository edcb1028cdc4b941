package auth

import (
	"context"
	"log/slog"
	"time"

	"usher/auth/ticket"
)

// A Ticket is a login password for one use, made from a verified token: for
// doors that cannot carry a token's length, and for gateways that must not
// hand the token on. It is good for one account on one host, and for as long
// as the token itself would be.
type Ticket struct {
	Host      string // virtual host
	Account   string // JID localpart, escaped by XEP-0106
	Random    bool   // the token names no account
	Text      string // the password: 41 characters of [A-Za-z0-9-]
	ExpiresIn time.Duration

	tokenPrint string
}

// JID returns the bare JID that the ticket logs in.
func (t Ticket) JID() string { return t.Account + "@" + t.Host }

// LogValue keeps the password out of every log.
func (t Ticket) LogValue() slog.Value { return slog.StringValue("ticket of " + t.JID()) }

// IsTicket reports whether a password has the form of a ticket.
func IsTicket(password string) bool { return ticket.Is(password) }

// ticketGiven are the words of a ticket that was given.
const ticketGiven = "ticket given"

// IssueTicket decides like Authenticate and then makes a ticket instead of
// letting the client in. A ticket made with a ticket waits no longer than that
// one would have. Of one token 16 tickets wait, or 2,048 that are for logins
// under way (Credentials.Waiting); the oldest makes room. A login that wants to resume a
// stream waits, after a start, for the sessions that were kept, 5 s at most. Besides
// Authenticate's reasons it refuses for [ReasonOverloaded].
func (v *Verifier) IssueTicket(ctx context.Context, c Credentials) (Ticket, error) {
	if c.Resumption != "" && c.Problem == nil { // whose the stream is may be known by a session that is not loaded yet
		c.Problem = v.awaitSessions(ctx)
	}
	start := time.Now()
	d := v.decide(&c, attempted{})
	var given Ticket
	if d.Refusal == nil {
		given, d.Refusal = v.issue(&d, c.Waiting)
	}
	if d.Refusal == nil && !c.Waiting && v.carrier != nil {
		d.Refusal = v.carry(ctx, given)
	}
	err := v.Conclude(ctx, ticketGiven, &c, &d, time.Since(start))
	return given, err
}

// issue makes a ticket for what the token of a decision proved.
func (v *Verifier) issue(d *Decision, waiting bool) (Ticket, *Refusal) {
	until := d.at.Add(ticket.Lifetime)
	if d.ticket != nil && d.ticket.Until.Before(until) {
		until = d.ticket.Until
	}
	record := ticket.Record{Host: d.ID.Host, Account: d.ID.Account, Token: d.token, Until: until,
		LoginID: d.ID.LoginID}
	text, ok := v.tickets.Issue(record, waiting, d.at)
	if !ok {
		return Ticket{}, Refuse(ReasonOverloaded, "%d tickets or %d MiB of tokens wait for their use; "+
			"look at what asks for tickets (usher_tickets_total)", ticket.Max, ticket.MaxBytes>>20)
	}
	if Over(d.End, until) { // then its use is refused as expired, like any of the token
		until = d.End
	}
	return Ticket{
		Host: d.ID.Host, Account: d.ID.Account, Random: d.ID.Random,
		Text: text, ExpiresIn: until.Sub(d.at), tokenPrint: d.ID.TokenPrint,
	}, nil
}

// A TicketCarrier brings tickets to the usher at which they are used, if that is another one.
type TicketCarrier interface {
	// CarryTicket returns when the other usher will have the ticket, and true; false: it is used here.
	CarryTicket(ctx context.Context, text string, r ticket.Record) (carried bool, err error)
}

// carry has another usher have the ticket, where Prosody asks that. Then it is here no more: it is good once.
func (v *Verifier) carry(ctx context.Context, given Ticket) *Refusal {
	r := v.tickets.Peek(given.Text)
	if r == nil {
		return nil // it was used already
	}
	carried, err := v.carrier.CarryTicket(ctx, given.Text, *r)
	if carried || err != nil {
		v.tickets.Cancel(given.Text)
	}
	if err != nil {
		return Refuse(ReasonClusterStale, "the ticket is for another usher, and cannot be brought there: %v; look at "+
			"usher cluster status", err)
	}
	return nil
}

// AcceptTicket takes a ticket that another usher has given, for its one use here.
func (v *Verifier) AcceptTicket(text string, r ticket.Record) bool {
	return v.tickets.Accept(text, r, v.now())
}

// CancelTicket drops a ticket that is not needed any more. It does nothing if
// the ticket was used.
func (v *Verifier) CancelTicket(text string) { v.tickets.Cancel(text) }

// TicketWaits reports whether a ticket was not used yet.
func (v *Verifier) TicketWaits(text string) bool { return v.tickets.Waits(text) }

// redeem puts a ticket's token in its place. The token then goes through the
// checks like any other.
func redeem(a *attempt, t *ticket.Table) *Refusal {
	if !ticket.Is(a.Token) {
		return nil
	}
	if a.ticket = t.Take(a.Token, a.now); a.ticket == nil {
		return Refuse(ReasonUnknownTicket, "the ticket was used, has expired or was never given; "+
			"have the client get a new one, and use it once within a minute")
	}
	a.Token = a.ticket.Token
	return nil
}
