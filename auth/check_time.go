package auth

import (
	"fmt"
	"log/slog"
	"math"
	"time"

	"usher/internal/logattr"
	"usher/internal/text"
)

// unitOf names the unit in which a number would be a time of our days, where
// seconds are a time of none. The number is still taken as it is.
func unitOf(seconds float64) string {
	const first, last = 946_684_800, 4_102_444_800 // 2000 to 2100
	for _, unit := range []struct {
		name  string
		parts float64
	}{{"milliseconds", 1e3}, {"microseconds", 1e6}, {"nanoseconds", 1e9}} {
		if t := seconds / unit.parts; first <= t && t <= last {
			return unit.name
		}
	}
	return ""
}

func inUnits(seconds float64) string {
	if unit := unitOf(seconds); unit != "" {
		return " (in " + unit + "?)"
	}
	return ""
}

func checkExpiry(a *attempt) *Refusal {
	seconds, there, refusal := a.dateClaim("exp")
	switch {
	case refusal != nil:
		return refusal
	case !there && a.issuer.RequireExp:
		return Refuse(ReasonExpMissing, "the token has no exp; "+
			"have the application write one, or set require_exp: false for issuer %q", text.Name(a.issuer.id))
	case there && seconds <= 0: // not "never", as in some verifiers
		return Refuse(ReasonBadClaims, "exp is not above 0, which is no end; "+
			"have the application write the number of seconds since 1970 there")
	case there:
		a.span.expires = instant(seconds)
	}
	return nil
}

func describeExpiry(a *attempt) string {
	if a.span.expires.IsZero() {
		return "no exp, and none is required"
	}
	return "exp is " + when(a.span.expires)
}

func checkNotBefore(a *attempt) *Refusal {
	seconds, there, refusal := a.dateClaim("nbf")
	if refusal == nil && there {
		a.span.notBefore = instant(seconds)
	}
	return refusal
}

func describeNotBefore(a *attempt) string {
	if a.span.notBefore.IsZero() {
		return "no nbf"
	}
	return "nbf is " + when(a.span.notBefore)
}

// checkLifetime also reads iat, and checks its type when nothing is bounded.
func checkLifetime(a *attempt) *Refusal {
	seconds, there, refusal := a.dateClaim("iat")
	if refusal == nil && there {
		a.span.issued = instant(seconds)
	}
	if refusal != nil || a.host.MaxLifetime == 0 {
		return refusal
	}
	if !there || a.span.expires.IsZero() {
		return Refuse(ReasonLifetimeTooLong, "tokens.max_lifetime is %v, and the token has no iat or no exp to "+
			"measure its life by; have the application write both", a.host.MaxLifetime)
	}
	if life := a.span.expires.Sub(a.span.issued); life > a.host.MaxLifetime {
		return Refuse(ReasonLifetimeTooLong, "exp - iat is %s, tokens.max_lifetime is %v; "+
			"have the application make tokens for a shorter time, or raise it",
			lifetime(life), a.host.MaxLifetime)
	}
	return nil
}

// lifetime writes how long a token is good. A Duration ends at 292 years.
func lifetime(d time.Duration) string {
	if d == math.MaxInt64 {
		return "over 292 years"
	}
	return d.String()
}

func describeLifetime(a *attempt) string {
	odd := ""
	if seconds, _, _ := a.dateClaim("iat"); unitOf(seconds) != "" {
		odd = "; iat is " + when(instant(seconds))
	}
	if a.host.MaxLifetime == 0 {
		return "not bounded (max_lifetime is 0s)" + odd
	}
	return fmt.Sprintf("at most %v", a.host.MaxLifetime) + odd
}

// checkTime compares with the clock, at every use of the token. The boundary
// is exact: at exp + leeway the token is dead, at nbf - leeway it lives.
func checkTime(a *attempt) *Refusal {
	if Over(End(a.span.expires, a.host.Leeway), a.now) {
		over := Refuse(ReasonExpired, "exp was %s, now is %s, leeway %v; "+
			"the client needs a new token, and if this one is new, look at the clocks (tokens.leeway)",
			when(a.span.expires), when(a.now), a.host.Leeway)
		if !a.maySurvive() {
			return over
		}
		a.over = over
	}
	if nbf := a.span.notBefore; !nbf.IsZero() && a.now.Before(nbf.Add(-a.host.Leeway)) {
		return Refuse(ReasonNotYetValid, "nbf is %s, now is %s, leeway %v; "+
			"have the application write an earlier nbf, or look at the clocks (tokens.leeway)",
			when(nbf), when(a.now), a.host.Leeway)
	}
	// A lifetime is bounded only if it has begun: iat in the year 2099 would make exp in 2099 a short one.
	if iat := a.span.issued; a.host.MaxLifetime > 0 && !iat.IsZero() && plausible(iat, a.now, a.host.Leeway).IsZero() {
		return Refuse(ReasonLifetimeTooLong, "tokens.max_lifetime is set, and iat is %s, after now (%s): its "+
			"life has not begun; have the application write the present time, or look at the clocks "+
			"(tokens.leeway)",
			when(iat), when(a.now))
	}
	return nil
}

func describeTime(a *attempt) string {
	return fmt.Sprintf("valid at %s, leeway %v", when(a.now), a.host.Leeway)
}

// when writes a time for people. The how-to's exp lies in the year 3,131,367.
func when(t time.Time) string {
	if t.Year() > 9999 || t.Year() < 0 {
		return fmt.Sprintf("%d (year %d)%s", t.Unix(), t.Year(), inUnits(float64(t.Unix())))
	}
	return t.UTC().Format(time.RFC3339)
}

// warnEvery is how often the log says that an issuer's times have the wrong
// unit.
const warnEvery = time.Hour

// warnUnit writes a line about a claim of a token whose signature is good that
// must be in another unit than seconds: with exp in milliseconds a token is
// good for ever, with nbf never.
func warnUnit(log *slog.Logger, a *attempt) {
	last, now := a.issuer.unitWarned.Load(), a.now.Unix()
	if last != 0 && now-last < int64(warnEvery/time.Second) || !a.issuer.unitWarned.CompareAndSwap(last, now) {
		return
	}
	log.Warn("a time in a token is not in seconds; it is taken as it is",
		"host", a.host.name, "issuer", a.issuer.id, "claim", a.wrongUnit,
		logattr.Hint("have the application write the number of seconds since 1970"))
}

// MaxLeeway is the longest leeway that a configuration may set. What has to
// outlast a token whatever its host's leeway becomes is measured by it.
const MaxLeeway = 5 * time.Minute

// End returns when a token is over: at its exp and the leeway of its host after
// that. It is zero for a token without exp. It is the only place that says so:
// logins, sessions, tickets, resumption and the ends of revocations use it, so
// that none of them outlives another.
func End(expires time.Time, leeway time.Duration) time.Time {
	if expires.IsZero() {
		return time.Time{}
	}
	return expires.Add(leeway)
}

// Over reports whether the end of a token ([End]) has come. The boundary is
// exact: at its end a token is over.
func Over(end, now time.Time) bool { return !end.IsZero() && !now.Before(end) }

// plausible returns a token's iat, or the zero time for one that is absent, or
// lies ahead of the clock by more than the leeway: in milliseconds, say.
func plausible(issued, now time.Time, leeway time.Duration) time.Time {
	if issued.After(now.Add(leeway)) {
		return time.Time{}
	}
	return issued
}
