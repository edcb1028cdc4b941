package auth

import (
	"context"
	"time"

	"usher/auth/inner"
	"usher/internal/text"
)

// Streams remember which streams of relay hosts can be resumed, and by whom. All
// methods but RememberStream read nothing but memory.
type Streams interface {
	// RememberStream remembers a stream that is connected, by its identifier. It is
	// durable when it returns nil.
	RememberStream(ctx context.Context, s Stream, resumption string) error

	// StreamOf returns the stream of a domain that has this identifier.
	StreamOf(host, resumption string) (Stream, bool)

	// EndStream notes that the connection of a stream is gone; with forGood the stream
	// is over, and is forgotten.
	EndStream(host, resumption string, forGood bool)
}

// Rights know what an account may still do that logged in with a token.
type Rights interface {
	// Rights reports what the login of an account of a domain with a token gives now.
	// With counts false it has ended, or what it gave was taken back.
	Rights(domain, account, tokenPrint string) (moderator, counts bool)
}

// InnerToken returns a token for Prosody, by the host's key of now, or nothing if none
// belongs on the stream: it is a guest's without a token, or its host's Prosody takes such
// logins as they are. It is the one of before for a part of its time: to sign costs a
// millisecond, and clients can ask as often as they like. Before the login is recorded the
// token is judged once more. The error is always a *Refusal.
func (v *Verifier) InnerToken(l *RelayLogin) (string, error) {
	if l.form == nil {
		return "", nil
	}
	now := v.now()
	if refusal := v.stillGood(l, now); refusal != nil {
		return "", refusal
	}
	h := v.rules.Load().host(l.ID.Host)
	if h == nil || h.Relay == nil {
		return "", Refuse(ReasonUnknownHost, "host %q has no relay any more; have the client connect anew", text.Name(l.ID.Host))
	}
	address := l.address
	address.Now, address.ID = now, l.ID.TokenPrint
	address.Moderator, address.Features = v.rightsOf(l)
	if l.ID.Account == "" { // it is the stream's
		l.said = l.form.Rights(address)
		l.NewRights = l.Resumes != "" && l.said != l.stream.Rights
	}
	if before := l.signed; before.serves(h.Relay, address) {
		return before.token, nil
	}
	token, err := h.Relay.Key.Sign(l.form.Claims(&h.Relay.Rules, address))
	if err != nil {
		return "", Refuse(ReasonInternalError, "the inner token cannot be signed: %v; look at relay of host %q", err,
			text.Name(l.ID.Host))
	}
	l.signed = signed{token, h.Relay, address}
	return token, nil
}

// A signed is the last inner token of a login, and what it was made of.
type signed struct {
	token   string
	by      *RelayConfig
	address inner.Login
}

// reusedFor is the part of its time for which an inner token is handed out again.
const reusedFor = 4

func (s *signed) serves(by *RelayConfig, now inner.Login) bool {
	age := now.Now.Sub(s.address.Now)
	now.Now = s.address.Now
	return s.token != "" && s.by == by && s.address == now && age >= 0 && age < by.TTL/reusedFor
}

// StillGood judges a login once more that is about to be Prosody's to decide. A refusal is
// counted and logged. The error is always a *Refusal.
func (v *Verifier) StillGood(ctx context.Context, l *RelayLogin) error {
	start := time.Now()
	d := decision{id: l.ID, refusal: v.stillGood(l, v.now())}
	if d.refusal == nil {
		return nil
	}
	_, err := v.conclude(ctx, "", &Credentials{Door: l.door, Host: l.ID.Host}, &d, l.took+time.Since(start))
	return err
}

// probeTTL is how long a token is good that Prosody is tried with.
const probeTTL = 10 * time.Second

// ProbeToken returns an inner token to try a host's Prosody with: of nobody, and good for
// a moment.
func (v *Verifier) ProbeToken(host string) (string, error) {
	h := v.rules.Load().host(host)
	if h == nil || h.Relay == nil {
		return "", Refuse(ReasonUnknownHost, "host %q has no relay; look at hosts", text.Name(host))
	}
	rules := h.Relay.Rules
	rules.TTL = probeTTL
	return h.Relay.Key.Sign(inner.Anonymous().Claims(&rules, inner.Login{Now: v.now(), Features: true}))
}

// stillGood judges a login once more that is not recorded yet.
func (v *Verifier) stillGood(l *RelayLogin, now time.Time) *Refusal {
	switch {
	case l.ID.Account != "" || l.ID.Anonymous:
		return nil
	case v.sessions.Revoked(l.ID):
		return revoked()
	case !l.OnlyResumes && Over(l.end, now):
		return Refuse(ReasonExpired, "the token's exp has come since it was verified; have the client bring a new token")
	}
	return nil
}

// rightsOf is what the login's session has: by its token, unless that was taken
// back. A new token counts from its login on.
func (v *Verifier) rightsOf(l *RelayLogin) (moderator, features bool) {
	account := l.ID.Account
	if account == "" {
		account = l.Resumes
	}
	if l.ID.Anonymous || account == "" || l.ID.Account == "" && !l.known() {
		return l.form.Moderator(), true
	}
	return v.rightsNow(l, account)
}

// known reports whether the session of a login's token was there before the login.
func (l *RelayLogin) known() bool { return l.Resumes != "" && l.stream.TokenPrint == l.ID.TokenPrint }

// rightsNow is what the session of an account has by the login's token.
func (v *Verifier) rightsNow(l *RelayLogin, account string) (moderator, features bool) {
	moderator, counts := v.rights.Rights(l.ID.AccountDomain(), account, l.ID.TokenPrint)
	if l.OnlyResumes { // nothing was taken back, and without features the role in the room would give those denied
		return counts && moderator, true
	}
	return counts && moderator && l.form.Moderator(), counts
}

// RecordRelay records the account that Prosody has bound, a localpart of the domain
// host. The bind result is passed on only after it. The error is always a *Refusal.
func (v *Verifier) RecordRelay(ctx context.Context, l *RelayLogin, host, account string) error {
	start := time.Now()
	d := decision{id: l.ID}
	d.id.Account, d.id.Random = account, true
	switch {
	case host != l.ID.AccountDomain() || account == "":
		d.refusal = Refuse(ReasonInternalError, "Prosody bound an account of %q, and the stream is of %q; report it",
			text.Name(host), text.Name(l.ID.AccountDomain()))
	case l.OnlyResumes:
		d.refusal = v.recordResumed(l, account)
	default:
		if d.refusal = v.stillGood(l, v.now()); d.refusal == nil && d.id.recorded() {
			d.refusal = recordOrNot(v.sessions.Record(ctx, d.id))
		}
	}
	if d.refusal == nil {
		d.refusal = v.takeOver(ctx, l, account)
	}
	if _, err := v.conclude(ctx, "login allowed", &Credentials{Door: l.door, Host: l.ID.Host}, &d,
		l.took+time.Since(start)); err != nil {
		return err
	}
	l.ID.Account, l.ID.Random = account, true
	if l.given = l.said; !l.known() || l.said == "" {
		l.given = v.printOf(l)
	}
	return nil
}

// Outdated reports whether a recorded login has other rights now than its stream was
// given: its session has ended, or its key is gone.
func (v *Verifier) Outdated(l *RelayLogin) bool { return v.printOf(l) != l.given }

// printOf is a print of the rights that a recorded login has now.
func (v *Verifier) printOf(l *RelayLogin) string {
	if l.form == nil || l.ID.Anonymous {
		return ""
	}
	now := l.address
	now.Moderator, now.Features = v.rightsNow(l, l.ID.Account)
	return l.form.Rights(now)
}

// recorded reports whether the login leaves a session: a guest without a token does
// not.
func (id *Identity) recorded() bool { return !id.Anonymous || id.Domain == "" }

func recordOrNot(err error) *Refusal {
	if err == nil {
		return nil
	}
	return recordRefusal(err)
}

// recordResumed is for a token that is over: the session is the one that is there.
func (v *Verifier) recordResumed(l *RelayLogin, account string) *Refusal {
	switch {
	case account != l.Resumes:
		return Refuse(ReasonExpired, "the token is over, and the stream that it was to resume is gone at Prosody; "+
			"have the client bring a new token")
	case v.sessions.Revoked(l.ID):
		return revoked()
	}
	return nil
}

// takeOver makes a resumed stream the login's: from then on its principal and token
// count for it.
func (v *Verifier) takeOver(ctx context.Context, l *RelayLogin, account string) *Refusal {
	if l.resumption == "" || account != l.Resumes {
		return nil
	}
	return recordOrNot(v.streams.RememberStream(ctx, l.streamOf(account), l.resumption))
}

func (l *RelayLogin) streamOf(account string) Stream {
	return Stream{Host: l.ID.AccountDomain(), Account: account, Principal: l.principal(), TokenPrint: l.ID.TokenPrint,
		Rights: l.said}
}

// RememberStream records by which identifier a stream can be resumed, before the client
// learns it. An identifier over 256 bytes gets no memory, which is no error: the stream
// is then not resumed. The error is always a *Refusal.
func (v *Verifier) RememberStream(
	ctx context.Context, l *RelayLogin, host, account, resumption string,
) error {
	if host != l.ID.AccountDomain() || account != l.ID.Account || account == "" {
		return Refuse(ReasonInternalError, "a stream is to be remembered of %q, and the login is of %q; report it",
			text.Name(account+"@"+host), text.Name(l.ID.JID()))
	}
	if err := v.streams.RememberStream(ctx, l.streamOf(account), resumption); err != nil {
		return recordRefusal(err)
	}
	return nil
}

// MayResume returns the account of the stream of a domain that has this identifier, if
// the login may resume it.
func (v *Verifier) MayResume(l *RelayLogin, host, resumption string) (account string, ok bool) {
	stream, ok := v.resumable(l, host, resumption)
	if !ok || l.OnlyResumes && (stream.Account != l.Resumes || resumption != l.resumption) {
		return "", false
	}
	return stream.Account, true
}

// StreamEnded notes that the connection of a stream is gone. With forGood Prosody's
// stream is over, too, and its identifier is forgotten.
func (v *Verifier) StreamEnded(host, resumption string, forGood bool) {
	v.streams.EndStream(host, resumption, forGood)
}

// noStreams remember nothing, and know that each session has what its token says.
type noStreams struct{}

func (noStreams) RememberStream(context.Context, Stream, string) error { return nil }

func (noStreams) StreamOf(string, string) (Stream, bool) { return Stream{}, false }

func (noStreams) EndStream(string, string, bool) {}

func (noStreams) Rights(string, string, string) (moderator, counts bool) { return true, true }
