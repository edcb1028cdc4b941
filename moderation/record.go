package moderation

import (
	"context"
	"fmt"

	"usher/auth"
	"usher/metrics"
)

// Record is what a login leaves: a session that a killed daemon still knows. It is
// auth.Sessions' Record, and returns what it touched besides.
func (s *Sessions) Record(ctx context.Context, id auth.Identity) (Touched, error) {
	if s.Revoked(id) {
		return Touched{}, auth.ErrRevoked
	}
	if now := s.now(); !s.logins.take(tokenID(id.TokenPrint), now) {
		return Touched{}, fmt.Errorf("%w with one token: %d at once and %d a minute log in; give people tokens of their own", auth.ErrOverloaded, loginsAtOnce, loginsPerMinute)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	g := NewSession(id, s.now())
	g.place()
	over, err := s.keep(ctx, g)
	if err != nil {
		return Touched{}, err
	}
	changes, touched := s.drop(over, EndExpired)
	s.later(changes) // no login waits for the end of another
	return Touched{Accounts: touched, Login: g}, nil
}

// keep writes a session and takes it over. It returns those that have to go for it.
func (s *Sessions) keep(ctx context.Context, g *Session) (over []*Session, err error) {
	s.afterLast(g)
	inherited, err := s.inherit(ctx, g)
	if err != nil {
		return nil, err
	}
	defer inherited()
	if err := s.apply(ctx, metrics.StatePutGrant, Change{PutSession: g}); err != nil {
		return nil, err
	}
	leeway := s.policy.Load().times(g.Host).leeway
	s.mu.Lock()
	var back *Revocation
	dead := s.revoked.deadGrant(g, s.now(), leeway)
	if last := s.grants[g.ID]; !dead && (last == nil || !last.LoggedIn.After(g.LoggedIn)) { // else a later one was faster
		s.insert(g)
		over = s.overLimits(g)
		back = s.revoked.back(accountKey{g.Host, g.Account})
	}
	n := len(s.grants)
	s.mu.Unlock()
	if dead { // revoked while it was written
		s.persist(ctx, []Change{{DeleteSession: g.login()}})
		return nil, auth.ErrRevoked
	}
	if back != nil {
		s.later([]Change{{PutRevocation: back}})
	}
	s.metrics.Sessions(n)
	return over, nil
}

// afterLast makes a login later than the last one with the same token and
// account, also if the clock was set back: what ends that must not touch this.
func (s *Sessions) afterLast(g *Session) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if last := s.grants[g.ID]; last != nil && !g.LoggedIn.After(last.LoggedIn) {
		g.LoggedIn = last.LoggedIn.Add(1)
	}
}
