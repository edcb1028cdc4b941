package sessions

import (
	"context"
	"iter"

	"usher/metrics"
	"usher/moderation"
	"usher/moderation/sessions/index"
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
	var news []learned
	var changes []Change
	for i := range said {
		if g := s.newLogin(judge, &said[i]); s.isNews(judge, g, &said[i]) {
			news = append(news, learned{g, &said[i]})
			changes = append(changes, Change{PutSession: &said[i]})
		}
	}
	if err := s.learn(ctx, metrics.StatePutGrant, changes); err != nil {
		return nil, nil, err
	}
	for _, l := range news {
		if t, ok := s.insertLearned(ctx, judge, l); ok {
			touched = append(touched, t)
		}
	}
	for i := range said {
		known = append(known, s.knownOr(&said[i]))
	}
	return known, touched, nil
}

// isNews reports whether a login counts, and comes after what is known of its session.
func (s *Sessions) isNews(j judge, g index.Login, said *moderation.Session) bool {
	if said.ID != moderation.NewID(said.TokenPrint, said.AccountDomain(), said.Account) {
		return false
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.outdoesLocked(said) && j.why(g.Session) == ""
}

// outdoesLocked reports whether a login wins over what is known of its session.
func (s *Sessions) outdoesLocked(said *moderation.Session) bool {
	g := s.index.Get(said.ID)
	if g == nil {
		return true
	}
	known := s.index.Copy(g)
	return said.Outdoes(&known)
}

// A learned login is one of another usher, as it was said and as it is kept.
type learned struct {
	index.Login
	said *moderation.Session
}

// insertLearned is what keep does for a login of this usher's own.
func (s *Sessions) insertLearned(ctx context.Context, j judge, l learned) (t Touched, ok bool) {
	var over []*index.Session
	var back *moderation.Revocation
	s.mu.Lock()
	dead := j.dead(l.Session)
	if ok = !dead && s.outdoesLocked(l.said); ok {
		s.index.Insert(l.Login)
		over = overLimits(s.index, s.limits, l.Session)
		back = s.revoked.back(l.Account())
	}
	n := s.index.Len()
	s.mu.Unlock()
	s.metrics.Sessions(n)
	if dead { // revoked while it was written
		s.persist(ctx, []Change{{DeleteSession: l.said.Login()}})
		return Touched{}, false
	}
	if back != nil {
		s.later([]Change{{PutRevocation: back}})
	}
	changes, touched := s.drop(over, moderation.EndExpired)
	s.later(changes)
	return Touched{Accounts: touched, Login: l.said}, ok
}

// knownOr is what is known of a session, or what was said of it.
func (s *Sessions) knownOr(said *moderation.Session) moderation.Session {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if g := s.index.Get(said.ID); g != nil {
		return s.index.Copy(g)
	}
	return *said
}

// All yields every session that there is when it begins, as it is when it comes to it.
func (s *Sessions) All() iter.Seq[moderation.Session] {
	all := index.Gather(&s.mu, s.index, 0, func(g *index.Session) (*index.Session, bool) { return g, true })
	return func(yield func(moderation.Session) bool) {
		for _, g := range all {
			s.mu.RLock()
			now, there := s.index.Copy(g), s.index.Has(g)
			s.mu.RUnlock()
			if there && !yield(now) {
				return
			}
		}
	}
}

// IsThere reports whether there is a session of an ID, whichever login it is.
func (s *Sessions) IsThere(id moderation.ID) bool { return s.known(id) }
