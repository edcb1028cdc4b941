package moderation

import (
	"context"
	"fmt"

	"usher/auth"
	"usher/metrics"
)

// Remember remembers by which identifier the stream of a session can be
// resumed, as [auth.Sessions] says. It is kept with the session.
func (s *Sessions) Remember(ctx context.Context, host, account, tokenPrint, resumption string) error {
	print := auth.ResumptionPrint(host, tokenPrint, resumption)
	if print == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	if err := s.rewrite(ctx); err != nil {
		return err
	}
	defer s.rewritten()
	id := sessionID(tokenPrint, host, account)
	kept, ok := s.resumed(id, print)
	if !ok {
		return auth.ErrNoSession
	}
	if err := s.apply(ctx, metrics.StatePutGrant, Change{PutSession: &kept}); err != nil {
		return err
	}
	s.mu.Lock()
	g := s.grants[id]
	if g != nil {
		s.setResumption(g, print)
	}
	s.mu.Unlock()
	if g == nil { // it ended while it was written
		s.persist(ctx, []Change{{DeleteSession: kept.login()}})
		return auth.ErrNoSession
	}
	return nil
}

// resumed returns what a session becomes, if it is one that may be resumed.
func (s *Sessions) resumed(id ID, print string) (kept Session, ok bool) {
	judge := s.judge(s.now())
	s.mu.RLock()
	defer s.mu.RUnlock()
	g := s.grants[id]
	if g == nil || !g.Random || judge(g) != "" {
		return Session{}, false
	}
	kept = *g
	kept.Resumption = print
	return kept, true
}

// setResumption wants the lock.
func (s *Sessions) setResumption(g *Session, print string) {
	s.dropResumption(g)
	g.Resumption = print
	if print != "" {
		s.resumable[print] = g
	}
}

// dropResumption wants the lock.
func (s *Sessions) dropResumption(g *Session) {
	if s.resumable[g.Resumption] == g {
		delete(s.resumable, g.Resumption)
	}
}

// Resumable returns the account of the stream that has an identifier, as
// [auth.Sessions] says.
func (s *Sessions) Resumable(host, tokenPrint, resumption string) (account string, ok bool) {
	print := auth.ResumptionPrint(host, tokenPrint, resumption)
	judge := s.judge(s.now())
	s.mu.RLock()
	defer s.mu.RUnlock()
	g := s.resumable[print]
	if g == nil || judge(g) != "" {
		return "", false
	}
	return g.Account, true
}

// inherit gives a login what the one before it, with the same token and account,
// remembered. Until done is called nobody changes that.
func (s *Sessions) inherit(ctx context.Context, g *Session) (done func(), err error) {
	if !g.Random || !s.known(g.ID) {
		return func() {}, nil
	}
	if err := s.rewrite(ctx); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if old := s.grants[g.ID]; old != nil {
		g.Resumption = old.Resumption
	}
	return s.rewritten, nil
}

func (s *Sessions) known(id ID) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.grants[id] != nil
}

// rewrite waits until nobody else writes a session that the state has already:
// else what is written last might be what was read first.
func (s *Sessions) rewrite(ctx context.Context) error {
	if err := s.rewriting.Acquire(ctx, 1); err != nil {
		return fmt.Errorf("the state is slow: %w", err)
	}
	return nil
}

func (s *Sessions) rewritten() { s.rewriting.Release(1) }
