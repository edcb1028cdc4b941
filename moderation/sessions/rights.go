package sessions

import (
	"slices"

	"usher/auth"
	"usher/internal/loginid"
	"usher/moderation"
	"usher/moderation/sessions/index"
)

// Rights is what the login of an account of a domain with the token of this print gives
// now: whether it makes a moderator, and whether it counts at all. One that has ended, or
// whose key has gone, gives nothing.
func (s *Sessions) Rights(domain, account, tokenPrint string) (moderator, counts bool) {
	p := s.policy.Load()
	judge, id := s.judge(p), moderation.NewID(tokenPrint, domain, account)
	s.mu.RLock()
	defer s.mu.RUnlock()
	g := s.index.Get(id)
	if g == nil || judge.why(g) != "" {
		return false, false
	}
	return !g.Anonymous() && makesOwner(p, g), true
}

// Proof returns the session that stands for an account, a bare JID: of those with a token that count now one that makes
// a moderator if there is any, and of these the last login.
func (s *Sessions) Proof(jid string) (proof moderation.Session, ok bool) {
	p := s.policy.Load()
	judge := s.judge(p)
	s.mu.RLock()
	defer s.mu.RUnlock()
	var best *index.Session
	var bestMakes bool
	for g := range s.index.OfAccount(index.AccountOf(jid)) {
		if g.Anonymous() || judge.why(g) != "" {
			continue
		}
		makes := makesOwner(p, g)
		if best == nil || makes && !bestMakes || makes == bestMakes && g.LoggedIn().After(best.LoggedIn()) {
			best, bestMakes = g, makes
		}
	}
	if best == nil {
		return moderation.Session{}, false
	}
	return s.index.Copy(best), true
}

// makesOwner reports whether a session makes a moderator.
func makesOwner(p *moderation.Policy, g *index.Session) bool {
	h, login := p.Host(g.Host()), g.Unpack()
	return h != nil && h.Affiliation(&login) == moderation.Owner
}

// Counts reports whether a session counts now: it has neither ended, nor was it revoked.
func (s *Sessions) Counts(id moderation.ID) bool {
	judge := s.judge(s.policy.Load())
	s.mu.RLock()
	defer s.mu.RUnlock()
	g := s.index.Get(id)
	return g != nil && judge.why(g) == ""
}

// A Person is whom the token of an account's last login speaks of.
type Person struct {
	ID, Name string // for people to read; empty: the token says nothing
	LoginID  loginid.ID
}

// Display is who an account is, for people to read: what its last login's token says.
func (s *Sessions) Display(jid string) Person {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var latest *index.Session
	for g := range s.index.OfAccount(index.AccountOf(jid)) {
		if latest == nil || g.LoggedIn().After(latest.LoggedIn()) {
			latest = g
		}
	}
	if latest == nil {
		return Person{}
	}
	last := latest.Unpack()
	return Person{last.DisplayID, last.DisplayName, last.LoginID}
}

// streamsOf returns the accounts, of relay hosts, of sessions that were revoked, but not those
// that have another session still.
func (s *core) streamsOf(revoked []*index.Session) (accounts []string) {
	judge := s.judge(s.policy.Load())
	for _, g := range revoked {
		h := judge.policy.Host(g.Host())
		if h == nil || !h.Relay {
			continue
		}
		s.mu.RLock()
		goesOn := false
		for o := range s.index.OfAccount(g.Account()) {
			goesOn = goesOn || judge.why(o) == ""
		}
		s.mu.RUnlock()
		if !goesOn {
			accounts = append(accounts, g.JID())
		}
	}
	slices.Sort(accounts)
	return slices.Compact(accounts)
}

// usersOf returns the users that the sessions of a view name, and that count, in one letter case.
func usersOf(h *moderation.Host, v moderation.View) (users []string) {
	for _, g := range v.Sessions {
		if g.User != "" && !g.Ended(v.Now, h.Policy().Times(g.Host)) && !g.Revoked {
			users = append(users, g.Principal().User)
		}
	}
	return users
}

// AccountsOf returns the accounts, bare JIDs, with a session of a user, in whatever letter case, at
// any host and of any issuer.
func (s *Sessions) AccountsOf(user string) (accounts []string) {
	for h := range s.policy.Load().Hosts() {
		for issuer := range h.Prefixes {
			s.mu.RLock()
			list := s.index.OfPrincipal(index.PrincipalOf(auth.PersonPrincipal(h.Host, issuer, user)))
			s.mu.RUnlock()
			for _, g := range list { // which may be thousands
				accounts = append(accounts, g.JID())
			}
		}
	}
	slices.Sort(accounts)
	return slices.Compact(accounts)
}
