package sessions

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"usher/auth"
	"usher/internal/guard"
	"usher/metrics"
	"usher/moderation"
	"usher/moderation/sessions/index"
)

// Allowed is what [Revocations.Allow] lifted.
type Allowed struct {
	Users  []string `json:"users"`  // account claims, with their issuer
	Tokens []string `json:"tokens"` // thumbprints
}

// Allow lifts the revocations of a target: of an account those that ended its
// sessions, and those of the user that it is named after. It is on the disk when
// it returns. If there are none the error is ErrNotRevoked.
func (s *Revocations) Allow(ctx context.Context, t Target) (Allowed, error) {
	out := Allowed{Users: []string{}, Tokens: []string{}}
	var ids []index.PrincipalID
	for id, v := range s.meantBy(t) {
		ids = append(ids, id)
		if v.TokenPrint != "" {
			out.Tokens = append(out.Tokens, v.TokenPrint)
		} else {
			out.Users = append(out.Users, v.Name())
		}
	}
	if len(ids) == 0 {
		return out, ErrNotRevoked
	}
	slices.Sort(out.Users)
	slices.Sort(out.Tokens)
	var changes []Change
	for _, id := range ids {
		if v := s.dropRevocation(id, nil); v != nil {
			changes = append(changes, s.lift(v))
		}
	}
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeWithin)
	defer cancel()
	if err := s.applyDurably(within, metrics.StateAllow, changes); err != nil {
		return out, fmt.Errorf("it is lifted, and cannot be written: a restart of usher would revoke again: %w", err)
	}
	return out, nil
}

// lift returns what is to be written of a revocation that is in force no more. Where other
// ushers know it, too, the lifting is remembered.
func (s *core) lift(v *moderation.Revocation) Change {
	if s.node != "" {
		lifted := v.Lift(s.now())
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.revoked.known(index.PrincipalOf(v.Principal())) == nil { // else it was made anew meanwhile
			s.revoked.put(&lifted)
		}
		return Change{PutRevocation: s.revoked.known(index.PrincipalOf(v.Principal()))}
	}
	p := v.Principal()
	return Change{DeleteRevocation: &p}
}

// MaxLearned is how many revocations an usher may know of, its own and those of others, and still be ready: none is
// refused that another one has made.
const MaxLearned = 200_000

// Count returns how many revocations are in force.
func (s *Revocations) Count() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.revoked.byID)
}

// meantBy finds the revocations that a target means.
func (s *Revocations) meantBy(t Target) map[index.PrincipalID]*moderation.Revocation {
	found, p := map[index.PrincipalID]*moderation.Revocation{}, s.policy.Load()
	for _, v := range guard.Values(&s.mu, s.revoked.byID) {
		if t.means(v, p) {
			found[index.PrincipalOf(v.Principal())] = v
		}
	}
	return found
}

// means reports whether a target means a revocation.
func (t Target) means(v *moderation.Revocation, p *moderation.Policy) bool {
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
	h := p.Host(v.Host)
	if v.TokenPrint != "" || h == nil || isJID && domain != v.Host {
		return false
	}
	claim, ok := h.ClaimOf(v.Issuer, local)
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

// List returns every revocation, the latest first.
func (s *Revocations) List() []RevokedPrincipal {
	list := []RevokedPrincipal{}
	for _, v := range guard.Values(&s.mu, s.revoked.byID) {
		list = append(list, RevokedPrincipal{Host: v.Host, Issuer: v.Issuer, User: v.User, Token: v.TokenPrint, At: v.At,
			Until: v.End()})
	}
	slices.SortFunc(list, func(a, b RevokedPrincipal) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.User, b.User), cmp.Compare(a.Token, b.Token))
	})
	return list
}
