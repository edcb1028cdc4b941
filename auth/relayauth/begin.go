package relayauth

import (
	"context"
	"time"

	"usher/auth"
	"usher/auth/inner"
	"usher/internal/loginid"
)

// Begin decides whether a connection may log in at a host whose Prosody verifies
// inner tokens itself. The error is always a *auth.Refusal, and is counted and logged like
// any other; a login that is let in is when [Logins.Record] knows its account. It
// reads nothing but memory. After a start a login that wants to resume a stream waits for
// those that were kept, [auth.AwaitWithin] at most.
//
// On a guest host no token is needed: one that is not good is left out, and logged.
func (s *Logins) Begin(ctx context.Context, r Request) (*Login, error) {
	start := time.Now()
	h := s.hostOf(r.Host)
	if r.Resumption != "" && r.Problem == nil {
		r.Problem = s.await(ctx)
	}
	if h.relay != nil && r.Token == "" && r.Problem == nil && (r.Guest != "" || h.relay.GuestsStart) {
		return s.beginAnonymous(h, &r, loginid.New(), start), nil
	}
	d := s.verifier.DecideRelay(&r.Credentials)
	l := &Login{ID: d.ID, door: r.Door, form: d.Form, end: d.End, began: start,
		address: inner.Login{Room: r.Room, Tenant: r.Tenant}}
	if d.Refusal == nil {
		if r.Guest != "" {
			l.ID.Domain = r.Guest
		}
		d.Refusal = s.resume(l, &r, d.Over)
	}
	l.took = time.Since(start)
	if d.Refusal == nil {
		return l, nil
	}
	err := s.verifier.Conclude(ctx, "", &r.Credentials, &d, l.took)
	if r.Guest != "" && r.Problem == nil && h.relay != nil {
		return s.beginAnonymous(h, &r, d.ID.LoginID, start), nil
	}
	return nil, err
}

func (s *Logins) await(ctx context.Context) *auth.Refusal {
	ctx, cancel := context.WithTimeout(ctx, auth.AwaitWithin)
	defer cancel()
	return auth.StateRefusal(s.streams.Await(ctx))
}

// beginAnonymous begins a login without a token: of a guest, or, where the host lets
// them, of a person that may start rooms as if with one.
func (s *Logins) beginAnonymous(h host, r *Request, login loginid.ID, start time.Time) *Login {
	id := auth.Identity{Host: h.name, Anonymous: true, Domain: r.Guest, Network: r.Network, LoginID: login}
	l := &Login{ID: id, door: r.Door, began: start}
	if r.Guest == "" && !h.relay.AllowEmptyToken {
		l.form = inner.Anonymous()
	}
	_ = s.resume(l, r, nil)
	l.took = time.Since(start)
	return l
}

// resume finds out which stream the login may resume. A token that is over is good for
// nothing else: over is then its refusal.
func (s *Logins) resume(l *Login, r *Request, over *auth.Refusal) *auth.Refusal {
	if stream, ok := s.resumable(l, r.domain(), r.Resumption); ok {
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
func (s *Logins) resumable(l *Login, domain, resumption string) (Stream, bool) {
	if resumption == "" {
		return Stream{}, false
	}
	stream, ok := s.streams.StreamOf(domain, resumption)
	if !ok || stream.Host != domain || domain != l.ID.AccountDomain() {
		return Stream{}, false
	}
	if stream.Principal == (auth.Principal{}) {
		return stream, l.ID.Domain != ""
	}
	return stream, stream.Principal == l.principal()
}
