package sessions

import (
	"context"

	"usher/auth"
	"usher/metrics"
	"usher/moderation"
	"usher/moderation/sessions/deadline"
	"usher/moderation/sessions/index"
)

// Record is what a login leaves: a session that a killed daemon still knows. It is
// auth.Sessions' Record, and returns what it touched besides.
func (s *Sessions) Record(ctx context.Context, id auth.Identity) (Touched, error) {
	if err := s.loading.failure(); err != nil {
		return Touched{}, err
	}
	if s.Revoked(id) {
		return Touched{}, auth.ErrRevoked
	}
	if err := s.rates.Take(id, s.now()); err != nil {
		return Touched{}, err
	}
	within := deadline.New(ctx, recordWithin)
	defer within.Stop()
	login := moderation.NewSession(id, s.now())
	login.Node = s.node
	over, err := s.keep(within, &login)
	if err != nil {
		return Touched{}, err
	}
	changes, touched := s.drop(over, moderation.EndExpired)
	s.later(changes) // no login waits for the end of another
	return Touched{Accounts: touched, Login: &login}, nil
}

// keep writes a session and takes it over. It returns those that have to go for it.
func (s *Sessions) keep(ctx context.Context, login *moderation.Session) (over []*index.Session, err error) {
	s.afterLast(login)
	inherited, err := s.inherit(ctx, login)
	if err != nil {
		return nil, err
	}
	defer inherited()
	if err := s.apply(ctx, metrics.StatePutGrant, Change{PutSession: login}); err != nil {
		return nil, err
	}
	judge := s.judge(s.policy.Load())
	g := s.newLogin(judge, login)
	s.mu.Lock()
	var back *moderation.Revocation
	dead := judge.dead(g.Session)
	// else a later one was faster
	if last := s.index.Get(g.ID()); !dead && (last == nil || !last.LoggedIn().After(g.LoggedIn())) {
		s.index.Insert(g)
		over = overLimits(s.index, s.limits, g.Session)
		back = s.revoked.back(g.Account())
	}
	n := s.index.Len()
	s.mu.Unlock()
	if dead { // revoked while it was written
		s.persist(ctx, []Change{{DeleteSession: login.Login()}})
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
func (s *Sessions) afterLast(login *moderation.Session) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if last := s.index.Get(login.ID); last != nil && !login.LoggedIn.After(last.LoggedIn()) {
		login.LoggedIn = last.LoggedIn().Add(1)
	}
}

// Remember remembers by which identifier the stream of a session can be
// resumed, as [auth.Sessions] says. It is kept with the session.
func (s *Sessions) Remember(ctx context.Context, host, account, tokenPrint, resumption string) error {
	print := auth.ResumptionPrint(host, tokenPrint, resumption)
	if print == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	id := moderation.NewID(tokenPrint, host, account)
	if !s.known(id) {
		if err := s.Await(ctx); err != nil {
			return err
		}
	}
	if err := s.writes.take(ctx); err != nil {
		return err
	}
	defer s.writes.release()
	kept, ok := s.resumed(id, print)
	if !ok {
		return auth.ErrNoSession
	}
	if err := s.apply(ctx, metrics.StatePutGrant, Change{PutSession: &kept}); err != nil {
		return err
	}
	s.mu.Lock()
	g := s.index.Get(id)
	if g != nil {
		s.index.SetResumption(g, print)
	}
	s.mu.Unlock()
	if g == nil { // it ended while it was written
		s.persist(ctx, []Change{{DeleteSession: kept.Login()}})
		return auth.ErrNoSession
	}
	return nil
}

// resumed returns what a session becomes, if it is one that may be resumed.
func (s *Sessions) resumed(id moderation.ID, print string) (kept moderation.Session, ok bool) {
	judge := s.judge(s.policy.Load())
	s.mu.RLock()
	defer s.mu.RUnlock()
	g := s.index.Get(id)
	if g == nil || !g.Random() || judge.why(g) != "" {
		return moderation.Session{}, false
	}
	kept = s.index.Copy(g)
	kept.Resumption = print
	return kept, true
}

// Resumable returns the account of the stream that has an identifier, as
// [auth.Sessions] says.
func (s *Sessions) Resumable(host, tokenPrint, resumption string) (account string, ok bool) {
	print := auth.ResumptionPrint(host, tokenPrint, resumption)
	judge := s.judge(s.policy.Load())
	s.mu.RLock()
	defer s.mu.RUnlock()
	g := s.index.Resumable(print)
	if g == nil || judge.why(g) != "" {
		return "", false
	}
	return g.Account().Account, true
}

// inherit gives a login what the one before it, with the same token and account,
// remembered. Until done is called nobody changes that.
func (s *Sessions) inherit(ctx context.Context, login *moderation.Session) (done func(), err error) {
	if !login.Random || !s.known(login.ID) {
		return func() {}, nil
	}
	if err := s.writes.take(ctx); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if old := s.index.Get(login.ID); old != nil {
		login.Resumption = s.index.ResumptionOf(old)
	}
	return s.writes.release, nil
}

func (s *Sessions) known(id moderation.ID) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.index.Get(id) != nil
}
