package auth

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// A span is when a token is good, in the token's own words.
type span struct {
	expires   time.Time // zero if there is no exp
	notBefore time.Time // zero if there is no nbf
}

// dateClaim returns a NumericDate (RFC 7519 section 2) in seconds since 1970.
func (a *attempt) dateClaim(name string) (seconds float64, there bool, refusal *Refusal) {
	n := a.claims.get(name)
	if n == nil {
		return 0, false, nil
	}
	if n.kind != '0' {
		return 0, true, Refuse(ReasonBadClaims, "%s is not a number", name)
	}
	seconds, err := strconv.ParseFloat(string(n.text), 64)
	if err != nil || math.IsInf(seconds, 0) {
		return 0, true, Refuse(ReasonBadClaims, "%s is out of range", name)
	}
	return seconds, true, nil
}

func checkExpiry(a *attempt) *Refusal {
	seconds, there, refusal := a.dateClaim("exp")
	switch {
	case refusal != nil:
		return refusal
	case !there && a.issuer.RequireExp:
		return Refuse(ReasonExpMissing, "the token has no exp, and the issuer has require_exp")
	case there && seconds <= 0: // not "never", as in some verifiers
		return Refuse(ReasonBadClaims, "exp is not a number above 0")
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

// checkLifetime also checks iat's type when nothing is bounded.
func checkLifetime(a *attempt) *Refusal {
	seconds, there, refusal := a.dateClaim("iat")
	if refusal != nil || a.host.MaxLifetime == 0 {
		return refusal
	}
	if !there || a.span.expires.IsZero() {
		return Refuse(ReasonLifetimeTooLong, "max_lifetime is set, and the token has no iat or no exp to measure it by")
	}
	if life := a.span.expires.Sub(instant(seconds)); life > a.host.MaxLifetime {
		return Refuse(ReasonLifetimeTooLong, "exp - iat is %v, max_lifetime is %v", life, a.host.MaxLifetime)
	}
	return nil
}

func describeLifetime(a *attempt) string {
	if a.host.MaxLifetime == 0 {
		return "not bounded (max_lifetime is 0s)"
	}
	return fmt.Sprintf("at most %v", a.host.MaxLifetime)
}

// checkTime compares with the clock, at every use of the token. The boundary
// is exact: at exp + leeway the token is dead, at nbf - leeway it lives.
func checkTime(a *attempt) *Refusal {
	if exp := a.span.expires; !exp.IsZero() && !a.now.Before(exp.Add(a.host.Leeway)) {
		return Refuse(ReasonExpired, "exp was %s, now is %s, leeway %v", when(exp), when(a.now), a.host.Leeway)
	}
	if nbf := a.span.notBefore; !nbf.IsZero() && a.now.Before(nbf.Add(-a.host.Leeway)) {
		return Refuse(ReasonNotYetValid, "nbf is %s, now is %s, leeway %v", when(nbf), when(a.now), a.host.Leeway)
	}
	return nil
}

func describeTime(a *attempt) string {
	return fmt.Sprintf("valid at %s, leeway %v", when(a.now), a.host.Leeway)
}

// when writes a time for people. The how-to's exp lies in the year 3,131,367.
func when(t time.Time) string {
	if t.Year() > 9999 || t.Year() < 0 {
		return fmt.Sprintf("%d (year %d)", t.Unix(), t.Year())
	}
	return t.UTC().Format(time.RFC3339)
}
