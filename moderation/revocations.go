package moderation

import (
	"slices"
	"strings"
	"time"

	"usher/auth"
)

// A Revocation keeps out the tokens of a principal that were issued up to a
// moment. It is lifted ([Sessions.Allow]), or ends when no such token can be
// alive any more; it never makes room for another.
type Revocation struct {
	// Host, Issuer and User (the account claim, as a token had it or an operator
	// wrote it) mean a person; TokenPrint alone means one token.
	Host       string `json:",omitzero"`
	Issuer     string `json:",omitzero"`
	User       string `json:",omitzero"`
	TokenPrint string `json:",omitzero"` // thumbprint, 32 hexadecimal characters

	At      time.Time // the moment
	Expires time.Time `json:",omitzero"` // of one token: its exp, if it is known and there is one

	// Accounts are the bare JIDs whose sessions it ended. They have to leave the
	// rooms that they are in, also one where the ledger does not know them yet.
	Accounts []string `json:",omitzero"`
}

// Principal is who is revoked.
func (v *Revocation) Principal() auth.Principal {
	if v.TokenPrint != "" {
		return auth.TokenPrincipal(v.TokenPrint)
	}
	return auth.PersonPrincipal(v.Host, v.Issuer, v.User)
}

// covers reports whether a token with this iat is dead, if it is of the
// principal: one issued up to the moment, by a clock that may be late by the
// leeway, and one of which that cannot be told, as its iat is absent or lies in
// the future. A token that is meant by itself is dead whatever its iat.
func (v *Revocation) covers(issued, now time.Time, leeway time.Duration) bool {
	return v.TokenPrint != "" || issued.IsZero() || issued.After(now.Add(leeway)) || !issued.After(v.At.Add(leeway))
}

// end is when no token can be alive any more that the revocation is for, or the
// zero time if it has to be lifted. It outlasts every leeway that a reload may
// bring. Of a person's tokens it is known only if max_lifetime bounds them all.
func (v *Revocation) end(p *Policy) time.Time {
	if v.TokenPrint != "" {
		return auth.End(v.Expires, auth.MaxLeeway)
	}
	h := p.hosts[v.Host]
	if h == nil || h.MaxLifetime == 0 {
		return time.Time{}
	}
	return auth.End(v.At.Add(auth.MaxLeeway+h.MaxLifetime), auth.MaxLeeway)
}

// revocations are those in force, and the accounts that have to leave rooms. The
// lock of the sessions guards them.
type revocations struct {
	byID     map[principalID]*Revocation // replaced, and never changed
	expelled map[accountKey]principalID
	limits
}

func newRevocations(b limits) revocations {
	return revocations{byID: map[principalID]*Revocation{}, expelled: map[accountKey]principalID{}, limits: b}
}

// dead reports whether a token was revoked, by its thumbprint or by the principal
// that it is of.
func (r *revocations) dead(token, who principalID, issued, now time.Time, leeway time.Duration) bool {
	if v := r.byID[token]; v != nil {
		return true
	}
	v := r.byID[who]
	return v != nil && v.covers(issued, now, leeway)
}

func (r *revocations) deadGrant(g *Session, now time.Time, leeway time.Duration) bool {
	return len(r.byID) > 0 && r.dead(tokenID(g.TokenPrint), g.places.who, g.issued(), now, leeway)
}

// full reports whether so many more would be too many.
func (r *revocations) full(more int) bool { return len(r.byID)+more > r.limits.revocations }

// put takes a revocation, also beyond the bound: what is kept in a state is never
// cut.
func (r *revocations) put(v *Revocation) { r.byID[idOf(v.Principal())] = v }

// after is the revocation that takes the place of an older one of the same
// principal, if there is one.
func (v *Revocation) after(old *Revocation) *Revocation {
	merged := *v
	if old == nil {
		return &merged
	}
	if old.At.After(v.At) { // the clock was set back
		merged.At = old.At
	}
	if merged.Expires.IsZero() {
		merged.Expires = old.Expires
	}
	merged.Accounts = union(old.Accounts, v.Accounts)
	return &merged
}

func union(a, b []string) []string {
	if len(b) == 0 {
		return a
	}
	list := slices.Concat(a, b)
	slices.Sort(list)
	return slices.Compact(list)
}

// expel remembers that an account has to leave the rooms that it is in.
func (r *revocations) expel(account accountKey, id principalID) {
	if _, there := r.expelled[account]; there || len(r.expelled) < r.limits.expelled {
		r.expelled[account] = id
	}
}

// hit returns the revocation that ended the last session of an account, or nil.
func (r *revocations) hit(account accountKey) *Revocation { return r.byID[r.expelled[account]] }

// back is for an account that logs in again, with a token that is not dead. It
// returns the revocation as it is from then on, if that knew the account.
func (r *revocations) back(account accountKey) *Revocation {
	id, there := r.expelled[account]
	if !there {
		return nil
	}
	delete(r.expelled, account)
	old := r.byID[id]
	if old == nil {
		return nil
	}
	jid := account.account + "@" + account.host
	v := *old
	v.Accounts = slices.DeleteFunc(slices.Clone(v.Accounts), func(other string) bool { return other == jid })
	r.byID[id] = &v
	return &v
}

// of returns what a session is revoked by, if it is.
func (r *revocations) of(g *Session) principalID {
	if id := tokenID(g.TokenPrint); r.byID[id] != nil {
		return id
	}
	return g.places.who
}

// dropRevocation takes a revocation out of force, and returns what it was. The
// accounts that it knows count for nothing without it, and are forgotten in
// portions.
func (s *Sessions) dropRevocation(id principalID) *Revocation {
	s.mu.Lock()
	v := s.revoked.byID[id]
	delete(s.revoked.byID, id)
	s.mu.Unlock()
	if v == nil {
		return nil
	}
	for jids := range slices.Chunk(v.Accounts, portion) {
		s.mu.Lock()
		for _, jid := range jids {
			if account := accountOf(jid); s.revoked.expelled[account] == id {
				delete(s.revoked.expelled, account)
			}
		}
		s.mu.Unlock()
	}
	return v
}

// accountOf splits a bare JID.
func accountOf(jid string) accountKey {
	account, host, _ := strings.Cut(jid, "@")
	return accountKey{host, account}
}
