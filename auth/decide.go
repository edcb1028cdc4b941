package auth

import (
	"cmp"
	"context"
	"time"

	"usher/auth/inner"
	"usher/auth/ticket"
	"usher/internal/loginid"
	"usher/metrics"
)

// Authenticate decides about one login, counts the decision and logs it. The
// error is always a *Refusal. It reads nothing but memory, and ctx carries
// values for the log only: a decision takes microseconds. A login that is let
// in is recorded first, as Sessions do it. A ticket is used up by it, whatever
// the decision.
func (v *Verifier) Authenticate(ctx context.Context, c Credentials) (Identity, error) {
	start := time.Now()
	d := v.decide(&c, attempted{})
	if d.Refusal == nil {
		d.then, d.Refusal = v.record(ctx, d.ID)
	}
	if err := v.Conclude(ctx, "login allowed", &c, &d, time.Since(start)); err != nil {
		return Identity{}, err
	}
	return d.ID, nil
}

// A Decision is what was found out about one login.
type Decision struct {
	ID      Identity  // with a refusal: its LoginID, and as much of the rest as a signature proved
	End     time.Time // of the token; zero: none
	Refusal *Refusal

	// Of a relay host:
	Form *inner.Form
	Over *Refusal // the token is over, which is no refusal if it may resume a stream

	then   func()         // what follows from a recorded login once it is answered, or nil
	token  string         // in compact form, also where a ticket was given
	ticket *ticket.Record // the ticket that was given, or nil
	at     time.Time

	host, issuer string // of the configuration, as far as the login came; empty: none of it
	failed       string // the check of the list that refused it, or empty
}

// Conclude counts and logs a decision, in the words of what was allowed. No login ends
// without it. What can wait for the answer is left to Later, if the credentials have one.
// The error is the decision's refusal.
func (v *Verifier) Conclude(
	ctx context.Context, allowed string, c *Credentials, d *Decision, took time.Duration,
) error {
	var now Later
	later := c.Later
	if later == nil {
		later = &now
		defer now.Do()
	}
	whose := d.whose()
	later.begin(ctx, &v.outcomes, allowed, c, d)
	later.decided.Host, later.decided.Issuer, later.decided.Took = whose.Host, whose.Issuer, took
	door := v.outcomes.door(c.Door)
	if d.Refusal != nil {
		door.Refused(whose, string(d.Refusal.Reason), took)
		return d.Refusal
	}
	door.Allowed(whose, took)
	return nil
}

// whose is whose login it was, as the metrics have it.
func (d *Decision) whose() metrics.Whose {
	return metrics.Whose{Host: cmp.Or(d.ID.Host, d.host), Issuer: cmp.Or(d.ID.Issuer, d.issuer)}
}

// An attempted says what is attempted with a token.
type attempted struct {
	relay bool         // a login by the relay, at a relay host and there alone
	judge ClaimsJudged // nil: a login
}

// decide finds out about one token.
func (v *Verifier) decide(c *Credentials, what attempted) Decision {
	a := attempts.Get().(*attempt)
	defer func() {
		a.reset()
		attempts.Put(a)
	}()
	a.relay, a.judge = what.relay, what.judge
	refusal := v.try(a, c)
	d := Decision{Refusal: refusal, token: a.Token, ticket: a.ticket, at: a.now, failed: a.failed}
	d.host, d.issuer = a.configured()
	switch {
	case a.panicked: // fail closed
		d.Refusal, d.failed = Refuse(ReasonInternalError, "a panic; look at the log and report it"), ""
	case refusal == nil:
		d.ID, d.End, d.Form, d.Over = a.id, End(a.span.expires, a.host.Leeway), a.form, a.over
	case a.key != nil:
		d.ID = a.id
	}
	d.ID.LoginID = a.loginID()
	return d
}

// configured names the host and the issuer of the configuration that a login came to.
func (a *attempt) configured() (host, issuer string) {
	if a.host != nil {
		host = a.host.name
	}
	if a.issuer != nil {
		issuer = a.issuer.id
	}
	return host, issuer
}

// loginID is that of the login at which the ticket was given, or a new one.
func (a *attempt) loginID() loginid.ID {
	if a.ticket != nil && a.ticket.LoginID != 0 {
		return a.ticket.LoginID
	}
	return loginid.New()
}

// try finds out whether the login is let in, and as whom.
func (v *Verifier) try(a *attempt, c *Credentials) *Refusal {
	defer v.panics.Recover("auth", c.Door, a.onPanic)
	a.Credentials, a.rules, a.now = *c, v.rules.Load(), v.now()
	a.sessions = v.sessions
	refusal := redeem(a, v.tickets)
	if refusal == nil {
		refusal = a.decide()
	}
	if a.wrongUnit != "" && a.key != nil {
		warnUnit(v.outcomes.log, a)
	}
	if refusal != nil {
		return refusal
	}
	if a.id.Account == "" && !a.relay && a.judge == nil {
		a.id.Account, a.id.Random = unnamed(a), true
	}
	if !a.issuer.Own {
		a.host.used(a.had, a.now)
	}
	return nil
}

// decide asks the cache first.
func (a *attempt) decide() *Refusal {
	if a.judge != nil {
		return a.decideClaims()
	}
	host := a.rules.host(a.Host)
	if host != nil && a.Token != "" {
		if known := host.cache.get(a.Token); known != nil {
			if known.issuer.keys.Holds(known.key) {
				a.id, a.key, a.span, a.had, a.form = known.id, known.key, known.span, known.had, known.form
				a.issuer = known.issuer
				a.key.MarkUsed(a.now)
				return a.authenticateCached()
			}
			host.cache.drop(a.Token) // its key is gone
		}
	}
	if refusal := a.authenticate(); refusal != nil {
		return refusal
	}
	a.id.Expires = recorded(a.span.expires)
	a.id.KeyPrint = a.key.Thumbprint()
	if jti := a.claims.Get("jti"); jti != nil && jti.Kind == '"' {
		a.id.TokenID = string(jti.Text)
	}
	if a.relay {
		a.form = a.formOf(nil)
		a.id.DisplayID, a.id.DisplayName = clipped(a.form.ID), clipped(a.form.Name)
	}
	v := &verdict{token: a.Token, id: a.id, issuer: a.issuer, key: a.key, span: a.span, had: a.had, form: a.form}
	if v.id.Random { // the ticket's account, not the token's
		v.id.Account, v.id.Random = "", false
	}
	a.host.cache.put(v)
	return nil
}
