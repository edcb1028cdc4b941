package moderation

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"usher/auth"
	"usher/metrics"
)

// Allowed is what [Sessions.Allow] lifted.
type Allowed struct {
	Users  []string `json:"users"`  // account claims, with their issuer
	Tokens []string `json:"tokens"` // thumbprints
}

// Allow lifts the revocations of a target: of an account those that ended its
// sessions, and those of the user that it is named after. It is on the disk when
// it returns. If there are none the error is ErrNotRevoked.
func (s *Sessions) Allow(ctx context.Context, t Target) (Allowed, error) {
	out := Allowed{Users: []string{}, Tokens: []string{}}
	var ids []principalID
	for id, v := range s.meantBy(t) {
		ids = append(ids, id)
		if v.TokenPrint != "" {
			out.Tokens = append(out.Tokens, v.TokenPrint)
		} else {
			out.Users = append(out.Users, v.user())
		}
	}
	if len(ids) == 0 {
		return out, ErrNotRevoked
	}
	slices.Sort(out.Users)
	slices.Sort(out.Tokens)
	var changes []Change
	for _, id := range ids {
		if v := s.dropRevocation(id); v != nil {
			p := v.Principal()
			changes = append(changes, Change{DeleteRevocation: &p})
		}
	}
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeWithin)
	defer cancel()
	if err := s.applyDurably(within, metrics.StateAllow, changes); err != nil {
		return out, fmt.Errorf("it is lifted, and cannot be written: a restart of usher would revoke again: %w", err)
	}
	return out, nil
}

func (v *Revocation) user() string { return fmt.Sprintf("%s of %s at %s", v.User, v.Issuer, v.Host) }

// meantBy finds the revocations that a target means.
func (s *Sessions) meantBy(t Target) map[principalID]*Revocation {
	found, p := map[principalID]*Revocation{}, s.policy.Load()
	for _, v := range values(&s.mu, s.revoked.byID) {
		if v.isOf(t, p) {
			found[idOf(v.Principal())] = v
		}
	}
	return found
}

func (v *Revocation) isOf(t Target, p *Policy) bool {
	switch {
	case t.Token != "":
		return v.TokenPrint == t.Token
	case t.User != "":
		return v.TokenPrint == "" && (t.Host == "" || t.Host == v.Host) && (t.Issuer == "" || t.Issuer == v.Issuer) &&
			v.Principal() == auth.PersonPrincipal(v.Host, v.Issuer, t.User)
	}
	local, domain, isJID := strings.Cut(t.Account, "@")
	for _, jid := range v.Accounts {
		if jid == t.Account || !isJID && strings.HasPrefix(jid, local+"@") {
			return true
		}
	}
	h := p.hosts[v.Host]
	if v.TokenPrint != "" || h == nil || isJID && domain != v.Host {
		return false
	}
	claim, ok := h.claimOf(v.Issuer, local)
	return ok && v.Principal() == auth.PersonPrincipal(v.Host, v.Issuer, claim)
}

// A RevokedPrincipal is a revocation as an operator sees it.
type RevokedPrincipal struct {
	Host   string    `json:"host,omitempty"`
	Issuer string    `json:"issuer,omitempty"`
	User   string    `json:"user,omitempty"`  // the account claim
	Token  string    `json:"token,omitempty"` // or a token's thumbprint
	At     time.Time `json:"at,omitzero"`     // tokens issued up to then are dead
	Until  time.Time `json:"until,omitzero"`  // when it ends by itself; zero: when it is lifted
}

// Revocations returns every revocation, the latest first.
func (s *Sessions) Revocations() []RevokedPrincipal {
	p := s.policy.Load()
	list := []RevokedPrincipal{}
	for _, v := range values(&s.mu, s.revoked.byID) {
		list = append(list, RevokedPrincipal{Host: v.Host, Issuer: v.Issuer, User: v.User, Token: v.TokenPrint, At: v.At, Until: v.end(p)})
	}
	slices.SortFunc(list, func(a, b RevokedPrincipal) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.User, b.User), cmp.Compare(a.Token, b.Token))
	})
	return list
}
