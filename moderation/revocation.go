package moderation

import (
	"fmt"
	"slices"
	"time"

	"usher/auth"
)

// A Revocation keeps out the tokens of a principal that were issued up to a
// moment. It is lifted, or ends when no such token can be
// alive any more; it never makes room for another.
type Revocation struct {
	// Host, Issuer and User (the account claim, as a token had it or an operator
	// wrote it) mean a person; TokenPrint alone means one token.
	Host       string `json:",omitzero"`
	Issuer     string `json:",omitzero"`
	User       string `json:",omitzero"`
	TokenPrint string `json:",omitzero"` // thumbprint, 32 hexadecimal characters

	At time.Time // the moment
	// Expires is, of one token, its exp, if it is known and there is one; of a person, the End;
	// zero: it has to be lifted.
	Expires time.Time `json:",omitzero"`

	// Accounts are the bare JIDs whose sessions it ended. They have to leave the
	// rooms that they are in, also one where nothing was given to them yet.
	Accounts []string `json:",omitzero"`

	// Lifted is when it was lifted the last time; zero: never. It is in force again
	// with a moment that is not earlier.
	Lifted time.Time `json:",omitzero"`
	// Node is the usher by whose clock the moment is; empty: there is only one.
	Node string `json:",omitzero"`
}

// Principal is who is revoked.
func (v *Revocation) Principal() auth.Principal {
	if v.TokenPrint != "" {
		return auth.TokenPrincipal(v.TokenPrint)
	}
	return auth.PersonPrincipal(v.Host, v.Issuer, v.User)
}

// Covers reports whether a token with this iat is dead, if it is of the
// principal: one issued up to the moment, by a clock that may be late by the
// leeway, and one of which that cannot be told, as its iat is absent or lies in
// the future. A moment by another usher's clock has [ClockTolerance] more. A token that
// is meant by itself is dead whatever its iat.
func (v *Revocation) Covers(issued, now time.Time, leeway time.Duration) bool {
	if v.Node != "" {
		leeway += ClockTolerance
	}
	return v.TokenPrint != "" || issued.IsZero() || issued.After(now.Add(leeway)) || !issued.After(v.At.Add(leeway))
}

// End is when no token can be alive any more that the revocation is for, or the
// zero time if it has to be lifted. It outlasts every leeway that a reload may
// bring. Of a person it was settled when the revocation was made ([Revocation.SetNode]),
// and is later since if a longer bound came ([Revocation.EndBy]).
func (v *Revocation) End() time.Time {
	if v.TokenPrint != "" {
		return auth.End(v.Expires, auth.MaxLeeway)
	}
	return v.Expires
}

// EndBy is the End that the revocation has to have where a policy is in force: a later one, if
// the tokens of the person are good for longer there, or for ever. It is never an earlier one:
// what a shorter bound refuses for its length is good again once the bound is raised.
func (v *Revocation) EndBy(p *Policy) time.Time {
	settled := v.End()
	if v.TokenPrint != "" || settled.IsZero() || p.hosts[v.Host] == nil {
		return settled
	}
	if ends := v.endBy(p); ends.IsZero() || ends.After(settled) {
		return ends
	}
	return settled
}

// endBy is the End of a person's revocation by a policy. It is known only if max_lifetime
// bounds all tokens of the host.
func (v *Revocation) endBy(p *Policy) time.Time {
	h := p.hosts[v.Host]
	if h == nil || h.MaxLifetime == 0 {
		return time.Time{}
	}
	return auth.End(v.At.Add(auth.MaxLeeway+h.MaxLifetime), auth.MaxLeeway)
}

// After is the revocation that takes the place of an older one of the same
// principal, if there is one.
func (v *Revocation) After(old *Revocation) *Revocation {
	merged := *v
	if old == nil {
		return &merged
	}
	if !old.At.Before(v.At) { // the clock was set back, or another usher's is ahead
		merged.At, merged.Node = old.At, old.Node
	}
	if old.Lifted.After(merged.At) {
		merged.At = old.Lifted
	}
	merged.Lifted = later(merged.Lifted, old.Lifted)
	merged.Expires = laterExpires(v, old)
	merged.Accounts = union(old.Accounts, v.Accounts)
	return &merged
}

// union merges two lists of which the first is sorted.
func union(a, b []string) []string {
	if len(b) == 0 {
		return a
	}
	list := slices.Concat(a, b)
	slices.Sort(list)
	return slices.Compact(list)
}

// Name says who is revoked, of a person: the claim, its issuer and its host.
func (v *Revocation) Name() string { return fmt.Sprintf("%s of %s at %s", v.User, v.Issuer, v.Host) }
