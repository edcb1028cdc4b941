package sessions

import (
	"context"

	"usher/internal/jid"
	"usher/moderation"
)

// load takes over what is kept: every revocation, and of the rest no more than
// the limits allow. What is in the way of that is deleted once Run runs.
func load(ctx context.Context, s *core) error {
	revocations, err := s.store.LoadRevocations(ctx)
	if err != nil {
		return err
	}
	for i := range revocations {
		v := &revocations[i]
		s.revoked.put(v)
		for _, jid := range v.Accounts {
			s.revoked.expel(accountOf(jid), idOf(v.Principal()))
		}
	}
	var list []moderation.Session
	for g, err := range s.store.Sessions(ctx) {
		if err != nil {
			return err
		}
		list = append(list, g)
	}
	dead, orphans := loadSessions(s, list)
	rooms, given, err := s.store.LoadRooms(ctx)
	if err != nil {
		return err
	}
	for _, r := range rooms {
		s.rooms.began = max(s.rooms.began, r.Began)
		if len(s.rooms.all) < s.rooms.most {
			s.rooms.put(&roomState{Room: r})
		}
	}
	var changes []Change
	for i := range given {
		g := &given[i]
		if g.End != moderation.EndRevoked && wasRevoked(s, g, dead) { // killed before that was written
			g.End = moderation.EndRevoked
			changes = append(changes, Change{PutAssignment: g})
		}
		s.assigned.put(g)
	}
	s.metrics.Sessions(len(s.index.all))
	s.behind.begin(append(changes, orphans...)) // a session is the last to go: without it nothing says what was revoked
	return nil
}

// loadSessions takes the sessions that are neither revoked nor too many.
func loadSessions(s *core, list []moderation.Session) (dead map[moderation.ID]bool, orphans []Change) {
	dead = map[moderation.ID]bool{}
	now, p := s.now(), s.policy.Load()
	kept := make([]*session, 0, len(list))
	for i := range list {
		g := &session{Session: list[i]} // not a part of the list, which can then go
		if g.User == "" && !g.Random {  // written before the claim was kept: in its one spelling but for letter case
			g.User = jid.Unescape(g.Account)
		}
		if g.User == g.Account {
			g.User = g.Account // one copy of the text
		}
		g.identify()
		if s.revoked.dead(g, now, p.Times(g.Host).Leeway) { // killed between the two writes
			dead[g.ID] = true
			s.revoked.expel(g.account(), s.revoked.of(g))
			orphans = append(orphans, Change{DeleteSession: g.Login()})
			continue
		}
		kept = append(kept, g)
	}
	kept, over := s.limits.within(kept)
	for _, g := range over {
		orphans = append(orphans, Change{DeleteSession: g.Login()})
	}
	for _, g := range kept {
		s.index.insert(g, g.place())
		s.revoked.back(g.account())
	}
	return dead, orphans
}

// wasRevoked reports whether what an account was given rests on a session that
// was revoked.
func wasRevoked(s *core, g *moderation.Assignment, dead map[moderation.ID]bool) bool {
	if dead[g.Session] {
		return true
	}
	v := s.revoked.by(accountOf(g.JID))
	return v != nil && s.index.all[g.Session] == nil && !g.At.After(v.At)
}
