package auth

import (
	"context"
	"time"

	"usher/auth/inner"
	"usher/internal/jid"
	"usher/internal/strictjson"
	"usher/internal/text"
)

// BeginRelay decides whether a connection may log in at a host whose Prosody verifies
// inner tokens itself. The error is always a *Refusal, and is counted and logged like
// any other; a login that is let in is when [Verifier.RecordRelay] knows its account. It
// reads nothing but memory.
//
// On a guest host no token is needed: one that is not good is left out, and logged.
func (v *Verifier) BeginRelay(ctx context.Context, r RelayRequest) (*RelayLogin, error) {
	start := time.Now()
	h := v.rules.Load().host(r.Host)
	if h != nil && h.Relay != nil && r.Token == "" && r.Problem == nil && (r.Guest != "" || h.Relay.GuestsStart) {
		return v.beginAnonymous(h, &r, start), nil
	}
	d := v.decideRelay(&r.Credentials)
	l := &RelayLogin{ID: d.id, door: r.Door, form: d.form, end: d.end, began: start,
		address: inner.Login{Room: r.Room, Tenant: r.Tenant}}
	if d.refusal == nil {
		if r.Guest != "" {
			l.ID.Domain = r.Guest
		}
		d.refusal = v.resume(l, &r, d.over)
	}
	l.took = time.Since(start)
	if d.refusal == nil {
		return l, nil
	}
	_, err := v.conclude(ctx, "", &r.Credentials, &d, l.took)
	if r.Guest != "" && r.Problem == nil && h != nil && h.Relay != nil {
		return v.beginAnonymous(h, &r, start), nil
	}
	return nil, err
}

// beginAnonymous begins a login without a token: of a guest, or, where the host lets
// them, of a person that may start rooms as if with one.
func (v *Verifier) beginAnonymous(h *hostRules, r *RelayRequest, start time.Time) *RelayLogin {
	l := &RelayLogin{ID: Identity{Host: h.name, Anonymous: true, Domain: r.Guest}, door: r.Door, began: start}
	if r.Guest == "" && !h.Relay.AllowEmptyToken {
		l.form = inner.Anonymous()
	}
	_ = v.resume(l, r, nil)
	l.took = time.Since(start)
	return l
}

// resume finds out which stream the login may resume. A token that is over is good for
// nothing else: over is then its refusal.
func (v *Verifier) resume(l *RelayLogin, r *RelayRequest, over *Refusal) *Refusal {
	if stream, ok := v.resumable(l, r.domain(), r.Resumption); ok {
		l.Resumes, l.resumption, l.stream = stream.Account, r.Resumption, stream
	}
	switch {
	case over == nil:
		return nil
	case l.Resumes == "" || l.stream.TokenPrint == "":
		return over
	}
	l.OnlyResumes = true
	if l.stream.TokenPrint != l.ID.TokenPrint { // the record is of another of its tokens, and that one counts
		l.form = l.form.Plain()
		l.ID.TokenPrint = l.stream.TokenPrint
	}
	return nil
}

// resumable returns a stream that a login may resume: one of the same domain and
// principal. Without a token that is one of a guest host that never had a token;
// a token may resume such a stream as well, as guests sign in during a call.
func (v *Verifier) resumable(l *RelayLogin, domain, resumption string) (Stream, bool) {
	if resumption == "" {
		return Stream{}, false
	}
	stream, ok := v.streams.StreamOf(domain, resumption)
	if !ok || stream.Host != domain || domain != l.ID.AccountDomain() {
		return Stream{}, false
	}
	if stream.Principal == (Principal{}) {
		return stream, l.ID.Domain != ""
	}
	return stream, stream.Principal == l.principal()
}

// decideRelay runs the list of checks for a login at a relay host.
func (v *Verifier) decideRelay(c *Credentials) decision {
	a := attempts.Get().(*attempt)
	defer func() {
		a.reset()
		attempts.Put(a)
	}()
	a.relay = true
	return v.decideBy(a, c)
}

// maySurvive reports whether a token that is over may resume a stream.
func (a *attempt) maySurvive() bool {
	return a.relay && a.host.Relay != nil && a.host.Relay.KeepExpired && a.Resumption != ""
}

// relayAccount finds whose a token is. On a relay host it names no account, as Prosody
// draws a random one: so the claim may be of any form, and what cannot be a name
// is as if absent.
func relayAccount(a *attempt) {
	for _, path := range a.host.Account {
		n := a.claim(path)
		if n == nil {
			continue
		}
		name := ""
		switch n.Kind {
		case '"':
			name = string(n.Text)
		case '0':
			name, _ = strictjson.Decimal(n.Text)
		}
		if name != "" && len(name) <= maxPerson {
			a.id.AccountClaim = name
			return
		}
	}
}

func describeRelayAccount(a *attempt) string {
	if a.id.AccountClaim == "" {
		return "the token names nobody" + accountInTheWay(a) + "; Prosody draws a random account for each login"
	}
	return "Prosody draws a random account for each login; the user is " + text.Name(a.id.AccountClaim)
}

// formOf makes the normal form of a verified token.
func (a *attempt) formOf(note inner.Note) *inner.Form {
	return inner.Read(&a.claims, &a.host.Relay.Rules, inner.Facts{
		Subject: a.id.Subject, Rooms: a.id.Rooms, RoomRegex: a.id.RoomRegex,
		Moderator: a.id.Moderator, Says: a.had != 0,
	}, note)
}

// maxPerson bounds what names a person on a relay host, in bytes. With more in it the
// token's thumbprint stands for the person.
const maxPerson = jid.MaxPart
