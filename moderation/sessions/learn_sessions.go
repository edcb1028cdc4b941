package sessions

import (
	"context"
	"iter"

	"usher/internal/guard"
	"usher/metrics"
	"usher/moderation"
)

// LearnSessions takes over the logins that other ushers have let in, if they are later than what is known here and
// count still. They are written before they are known. It returns, in the same order, what is known then of each, and
// what those touch that are new.
func (s *Sessions) LearnSessions(ctx context.Context, said []moderation.Session) (
	known []moderation.Session, touched []Touched, err error) {
	if err := s.Await(ctx); err != nil { // what is not loaded yet may be later
		return nil, nil, err
	}
	judge := s.judge(s.policy.Load())
	var news []*session
	var changes []Change
	for i := range said {
		g := &session{Session: said[i]}
		g.identify()
		g.schedule(judge.policy, judge.now)
		if s.isNews(judge, g) {
			news = append(news, g)
			changes = append(changes, Change{PutSession: &g.Session})
		}
	}
	if err := s.learn(ctx, metrics.StatePutGrant, changes); err != nil {
		return nil, nil, err
	}
	for _, g := range news {
		if t, ok := s.insertLearned(ctx, judge, g); ok {
			touched = append(touched, t)
		}
	}
	for i := range said {
		known = append(known, s.knownOr(&said[i]))
	}
	return known, touched, nil
}

// isNews reports whether a login counts, and comes after what is known of its session.
func (s *Sessions) isNews(j judge, g *session) bool {
	if g.ID != moderation.NewID(g.TokenPrint, g.AccountDomain(), g.Account) {
		return false
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.outdoesLocked(g) && j.why(g) == ""
}

// outdoesLocked reports whether a login wins over what is known of its session.
func (s *Sessions) outdoesLocked(g *session) bool {
	old := s.index.all[g.ID]
	return old == nil || g.Outdoes(&old.Session)
}

// insertLearned is what keep does for a login of this usher's own.
func (s *Sessions) insertLearned(ctx context.Context, j judge, g *session) (t Touched, ok bool) {
	names := g.place()
	var over []*session
	var back *moderation.Revocation
	s.mu.Lock()
	dead := j.revoked.dead(g, j.now, j.policy.Times(g.Host).Leeway)
	if ok = !dead && s.outdoesLocked(g); ok {
		s.index.insert(g, names)
		over = s.index.overLimitsLocked(s.limits, g)
		back = s.revoked.back(g.account())
	}
	n := len(s.index.all)
	s.mu.Unlock()
	s.metrics.Sessions(n)
	if dead { // revoked while it was written
		s.persist(ctx, []Change{{DeleteSession: g.Login()}})
		return Touched{}, false
	}
	if back != nil {
		s.later([]Change{{PutRevocation: back}})
	}
	changes, touched := s.drop(over, moderation.EndExpired)
	s.later(changes)
	return Touched{Accounts: touched, Login: &g.Session}, ok
}

// knownOr is what is known of a session, or what was said of it.
func (s *Sessions) knownOr(said *moderation.Session) moderation.Session {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if g := s.index.all[said.ID]; g != nil {
		return g.Session
	}
	return *said
}

// All yields every session that there is when it begins, as it is when it comes to it.
func (s *Sessions) All() iter.Seq[moderation.Session] {
	all := guard.Values(&s.mu, s.index.all)
	return func(yield func(moderation.Session) bool) {
		for _, g := range all {
			s.mu.RLock()
			now, there := g.Session, s.index.all[g.ID] == g
			s.mu.RUnlock()
			if there && !yield(now) {
				return
			}
		}
	}
}

// IsThere reports whether there is a session of an ID, whichever login it is.
func (s *Sessions) IsThere(id moderation.ID) bool { return s.known(id) }
