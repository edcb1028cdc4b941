package sessions

import (
	"context"
	"iter"

	"usher/internal/guard"
	"usher/metrics"
	"usher/moderation"
	"usher/moderation/sessions/index"
)

// Known is what ushers know together: revocations all of them, the rest those beside one Prosody. Each list is in no
// order.
type Known struct {
	Revocations []moderation.Revocation
	Sessions    []moderation.Session
	Rooms       []moderation.Room
	Assignments []moderation.Assignment
}

// LearnRevocations merges what other ushers have revoked, or lifted, with what is known here, whatever the order and
// however often it is said, and ends the sessions with it. None is refused: at their bound no more are made here, and
// others' are taken. It returns, in the same order, what is known then of each. It is in force before it is written; an
// error says that it is not in the state, and the next time it is written again.
func (s *Revocations) LearnRevocations(ctx context.Context, said []moderation.Revocation) (
	known []moderation.Revocation, touched Touched, err error) {
	var changes []Change
	var ids []index.PrincipalID
	for i := range said {
		v, news := s.learnRevocation(&said[i])
		known = append(known, *v)
		if news {
			changes = append(changes, Change{PutRevocation: v})
			ids = append(ids, index.PrincipalOf(v.Principal()))
		}
	}
	if len(changes) > 0 {
		if err = s.learn(ctx, metrics.StateRevoke, changes); err != nil {
			s.unlearn(ids)
		}
	}
	return known, s.endRevoked(ctx, ids), err
}

// learnRevocation puts in force what is known together. It reports whether that is to be written.
func (s *Revocations) learnRevocation(said *moderation.Revocation) (v *moderation.Revocation, news bool) {
	id := index.PrincipalOf(said.Principal())
	s.mu.RLock()
	old := s.revoked.known(id)
	s.mu.RUnlock()
	for {
		merged := *said
		if old != nil {
			merged = moderation.MergeRevocations(*old, *said) // may be long lists of accounts: not under the lock
		}
		s.mu.Lock()
		now := s.revoked.known(id)
		switch {
		case now != old:
			s.mu.Unlock()
			old = now
			continue
		case old != nil && merged.Equal(old):
			news = s.revoked.unwritten[id]
			delete(s.revoked.unwritten, id)
			s.mu.Unlock()
			return old, news
		}
		s.revoked.put(&merged)
		s.mu.Unlock()
		return &merged, true
	}
}

// unlearn notes what could not be written.
func (s *Revocations) unlearn(ids []index.PrincipalID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		s.revoked.unwritten[id] = true
	}
}

// endRevoked ends the sessions with tokens of principals that are dead.
func (s *Revocations) endRevoked(ctx context.Context, ids []index.PrincipalID) Touched {
	judge := s.judge(s.policy.Load())
	var dead []*index.Session
	for _, id := range ids {
		for _, g := range s.revokedBy(id) {
			s.mu.RLock()
			if judge.dead(g) {
				dead = append(dead, g)
			}
			s.mu.RUnlock()
		}
	}
	if len(dead) == 0 {
		return Touched{}
	}
	return Touched{Accounts: s.end(ctx, dead, moderation.EndRevoked), Ended: s.streamsOf(dead)}
}

// revokedBy returns the sessions that a revocation may be about: those of the principal, and, as it may be a token that
// names an account, those with it.
func (s *Revocations) revokedBy(id index.PrincipalID) []*index.Session {
	list := s.sessionsOf(id)
	s.mu.RLock()
	v := s.revoked.byID[id]
	s.mu.RUnlock()
	if v == nil || v.TokenPrint == "" {
		return list
	}
	return append(list, s.withToken(v.TokenPrint)...)
}

// withToken returns the sessions with one token.
func (s *Revocations) withToken(print string) []*index.Session {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.index.WithToken(print)
}

// Known yields the revocations that other ushers are to know, those that were lifted included.
func (s *Revocations) Known() iter.Seq[moderation.Revocation] {
	return values(append(guard.Values(&s.mu, s.revoked.byID), guard.Values(&s.mu, s.revoked.lifted)...))
}

// values yields what a list points to, which nothing changes.
func values[T any](list []*T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, v := range list {
			if !yield(*v) {
				return
			}
		}
	}
}
