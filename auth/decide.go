package auth

import (
	"context"
	"log/slog"
	"time"

	"usher/auth/inner"
	"usher/auth/keys"
	"usher/auth/ticket"
	"usher/internal/logattr"
	"usher/internal/text"
	"usher/metrics"
)

// Authenticate decides about one login, counts the decision and logs it. The
// error is always a *Refusal. It reads nothing but memory, and ctx carries
// values for the log only: a decision takes microseconds. A login that is let
// in is recorded first, as Sessions do it. A ticket is used up by it, whatever
// the decision.
func (v *Verifier) Authenticate(ctx context.Context, c Credentials) (Identity, error) {
	start := time.Now()
	d := v.decide(&c)
	if d.refusal == nil {
		if err := v.sessions.Record(ctx, d.id); err != nil {
			d.refusal = recordRefusal(err)
		}
	}
	return v.conclude(ctx, "login allowed", &c, &d, time.Since(start))
}

// A decision is what was found out about one login.
type decision struct {
	id      Identity // with a refusal: as much of it as a signature proved
	key     *keys.Key
	token   string         // in compact form, also where a ticket was given
	ticket  *ticket.Record // the ticket that was given, or nil
	at      time.Time
	end     time.Time // of the token; zero: none
	refusal *Refusal

	// Of a relay host:
	form *inner.Form
	over *Refusal // the token is over, which is no refusal if it may resume a stream
}

// conclude counts and logs a decision. No login ends without it.
func (v *Verifier) conclude(
	ctx context.Context, text string, c *Credentials, d *decision, took time.Duration,
) (Identity, error) {
	door := v.door(c.Door)
	if d.refusal != nil {
		door.Refused(string(d.refusal.Reason), took)
		v.logRefusal(ctx, c, &d.id, d.refusal, took)
		return Identity{}, d.refusal
	}
	door.Allowed(took)
	v.logLogin(ctx, text, c, &d.id, took)
	return d.id, nil
}

// door resolves the counters of a door once; there is one per package below.
func (v *Verifier) door(name string) *metrics.Door {
	if d, ok := v.doors.Load(name); ok {
		return d.(*metrics.Door)
	}
	var denied, undecided []string
	for _, r := range Reasons() {
		if r.Undecided() {
			undecided = append(undecided, string(r))
		} else {
			denied = append(denied, string(r))
		}
	}
	d, _ := v.doors.LoadOrStore(name, v.metrics.Door(name, denied, undecided))
	return d.(*metrics.Door)
}

func (v *Verifier) decide(c *Credentials) decision {
	a := attempts.Get().(*attempt)
	defer func() {
		a.reset()
		attempts.Put(a)
	}()
	return v.decideBy(a, c)
}

func (v *Verifier) decideBy(a *attempt, c *Credentials) decision {
	refusal := v.try(a, c)
	if a.panicked { // fail closed
		return decision{refusal: Refuse(ReasonInternalError, "a panic; look at the log and report it")}
	}
	if refusal != nil {
		if a.key == nil {
			a.id = Identity{}
		}
		return decision{id: a.id, refusal: refusal}
	}
	end := End(a.span.expires, a.host.Leeway)
	return decision{id: a.id, key: a.key, token: a.Token, ticket: a.ticket, at: a.now, end: end,
		form: a.form, over: a.over}
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
		warnUnit(v.log, a)
	}
	if refusal != nil {
		return refusal
	}
	if a.id.Account == "" && !a.relay {
		a.id.Account, a.id.Random = unnamed(a), true
	}
	a.host.used(a.had, a.now)
	return nil
}

// decide asks the cache first.
func (a *attempt) decide() *Refusal {
	host := a.rules.host(a.Host)
	if host != nil && a.Token != "" {
		if known := host.cache.get(a.Token); known != nil {
			if known.issuer.keys.Holds(known.key) {
				a.id, a.key, a.span, a.had, a.form = known.id, known.key, known.span, known.had, known.form
				a.key.MarkUsed(a.now)
				return a.authenticateCached()
			}
			host.cache.drop(a.Token) // its key is gone
		}
	}
	if refusal := a.authenticate(); refusal != nil {
		return refusal
	}
	a.id.Expires = a.span.expires
	a.id.KeyPrint = a.key.Thumbprint()
	if jti := a.claims.Get("jti"); jti != nil && jti.Kind == '"' {
		a.id.TokenID = string(jti.Text)
	}
	if a.relay {
		a.form = a.formOf(nil)
		a.id.DisplayID, a.id.DisplayName = clipped(a.form.ID), clipped(a.form.Name)
	}
	proved := a.id
	if proved.Random { // the ticket's account, not the token's
		proved.Account, proved.Random = "", false
	}
	a.host.cache.put(a.Token, &verdict{id: proved, issuer: a.issuer, key: a.key, span: a.span, had: a.had,
		form: a.form})
	return nil
}

// logLogin writes the one line of a login that was let in, or of a ticket.
func (v *Verifier) logLogin(ctx context.Context, message string, c *Credentials, id *Identity, took time.Duration) {
	if !v.log.Enabled(ctx, slog.LevelInfo) {
		return
	}
	attrs := append(make([]slog.Attr, 0, 8), slog.String("door", c.Door), logattr.Account(id.JID()),
		slog.String("issuer", id.Issuer), slog.String("key", id.KeyID), slog.String("token_id", text.Name(id.TokenID)))
	attrs = append(attrs, logattr.Person(id.DisplayID, id.DisplayName)...)
	v.log.LogAttrs(ctx, slog.LevelInfo, message, append(attrs, slog.Duration("took", took))...)
}

// logRefusal writes the one line of a login that was not. Account, issuer and
// key are told only if a signature proves them; what the client merely said is
// called name.
func (v *Verifier) logRefusal(ctx context.Context, c *Credentials, id *Identity, r *Refusal, took time.Duration) {
	level, message := slog.LevelInfo, "login refused"
	if r.Reason.Undecided() {
		message = "login not decided"
		if !r.routine { // a stranger can write a new kid into a token
			level = slog.LevelError
		}
	}
	if !v.log.Enabled(ctx, level) {
		return
	}
	account := ""
	if id.Account != "" {
		account = id.JID()
	}
	attrs := append(make([]slog.Attr, 0, 12), slog.String("door", c.Door), slog.String("reason", string(r.Reason)),
		slog.String("detail", r.Detail), logattr.Host(c.Host), slog.String("name", text.Name(c.Name)),
		logattr.Account(account), slog.String("issuer", id.Issuer), slog.String("key", id.KeyID))
	attrs = append(attrs, logattr.Person(id.DisplayID, id.DisplayName)...)
	v.log.LogAttrs(ctx, level, message, append(attrs, slog.Duration("took", took))...)
}
