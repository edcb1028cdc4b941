package relayauth

import (
	"context"
	"time"

	"usher/auth"
	"usher/auth/inner"
	"usher/internal/text"
)

// InnerToken returns a token for Prosody, by the host's key of now, or nothing if none
// belongs on the stream: it is a guest's without a token, or its host's Prosody takes such
// logins as they are. It is the one of before for a part of its time: to sign costs a
// millisecond, and clients can ask as often as they like. Before the login is recorded the
// token is judged once more. A refusal is counted and logged. The error is always a
// *auth.Refusal.
func (s *Logins) InnerToken(ctx context.Context, l *Login) (string, error) {
	start := time.Now()
	token, refusal := s.innerToken(l)
	if refusal == nil {
		return token, nil
	}
	d := auth.Decision{ID: l.ID, Refusal: refusal}
	return "", s.verifier.Conclude(ctx, "", l.credentials(), &d, l.took+time.Since(start))
}

func (s *Logins) innerToken(l *Login) (string, *auth.Refusal) {
	if l.form == nil {
		return "", nil
	}
	now := s.now()
	if refusal := s.stillGood(l, now); refusal != nil {
		return "", refusal
	}
	relay := s.hostOf(l.ID.Host).relay
	if relay == nil {
		return "", auth.Refuse(auth.ReasonUnknownHost, "host %q has no relay any more; have the client connect anew",
			text.Name(l.ID.Host))
	}
	address := l.address
	address.Now, address.ID = now, l.ID.TokenPrint
	address.Moderator, address.Features = s.rightsOf(l)
	if l.ID.Account == "" { // it is the stream's
		l.demoted = l.stream.Demoted && !address.Moderator
		l.said = l.form.Rights(address)
		l.NewRights = l.Resumes != "" && l.said != l.stream.Rights
	}
	if before := l.signed; before.serves(relay, address) {
		return before.token, nil
	}
	token, err := relay.Key.Sign(l.form.Claims(&relay.Rules, address))
	if err != nil {
		return "", auth.Refuse(auth.ReasonInternalError, "the inner token cannot be signed: %v; "+
			"look at relay of host %q", err, text.Name(l.ID.Host))
	}
	l.signed = signed{token, relay, address}
	return token, nil
}

// A signed is the last inner token of a login, and what it was made of.
type signed struct {
	token   string
	by      *auth.RelayConfig
	address inner.Login
}

// reusedFor is the part of its time for which an inner token is handed out again.
const reusedFor = 4

func (s *signed) serves(by *auth.RelayConfig, now inner.Login) bool {
	age := now.Now.Sub(s.address.Now)
	now.Now = s.address.Now
	return s.token != "" && s.by == by && s.address == now && age >= 0 && age < by.TTL/reusedFor
}

// StillGood judges a login once more that is about to be Prosody's to decide, or that was
// recorded a moment ago: that one may have been revoked before anybody could find its stream.
// A refusal is counted and logged. The error is always a *auth.Refusal.
func (s *Logins) StillGood(ctx context.Context, l *Login) error {
	start := time.Now()
	d := auth.Decision{ID: l.ID, Refusal: s.stillGood(l, s.now())}
	if l.ID.Account != "" && !l.ID.Anonymous {
		d.Refusal = s.verifier.Revoked(l.ID)
	}
	if d.Refusal == nil {
		return nil
	}
	return s.verifier.Conclude(ctx, "", l.credentials(), &d, l.took+time.Since(start))
}

// probeTTL is how long a token is good that Prosody is tried with.
const probeTTL = 10 * time.Second

// ProbeToken returns an inner token to try a host's Prosody with: of nobody, and good for
// a moment.
func (s *Logins) ProbeToken(host string) (string, error) {
	relay := s.hostOf(host).relay
	if relay == nil {
		return "", auth.Refuse(auth.ReasonUnknownHost, "host %q has no relay; look at hosts", text.Name(host))
	}
	rules := relay.Rules
	rules.TTL = probeTTL
	return relay.Key.Sign(inner.Anonymous().Claims(&rules, inner.Login{Now: s.now(), Features: true}))
}

// stillGood judges a login once more that is not recorded yet.
func (s *Logins) stillGood(l *Login, now time.Time) *auth.Refusal {
	if l.ID.Account != "" || l.ID.Anonymous {
		return nil
	}
	if refusal := s.verifier.Revoked(l.ID); refusal != nil {
		return refusal
	}
	if !l.OnlyResumes && auth.Over(l.end, now) {
		return auth.Refuse(auth.ReasonExpired, "the token's exp has come since it was verified; "+
			"have the client bring a new token")
	}
	return nil
}
