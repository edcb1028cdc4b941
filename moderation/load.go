package moderation

import "usher/internal/jid"

// load takes over what is kept: every revocation, and of the rest no more than
// the limits allow. What is in the way of that is deleted once Run runs.
func (s *Sessions) load(state State) {
	for i := range state.Revocations {
		v := &state.Revocations[i]
		s.revoked.put(v)
		for _, jid := range v.Accounts {
			s.revoked.expel(accountOf(jid), idOf(v.Principal()))
		}
	}
	dead, orphans := s.loadGrants(state.Sessions)
	for i := range state.Rooms {
		r := state.Rooms[i]
		s.began = max(s.began, r.Began)
		if len(s.rooms) < s.limits.rooms {
			s.putRoom(&roomState{Room: r})
			if name, err := ParseRoom(r.JID); r.MembersOnly && err == nil {
				s.closed[r.JID] = name
			}
		}
	}
	var changes []Change
	for i := range state.Assignments {
		g := &state.Assignments[i]
		if g.End != EndRevoked && s.wasRevoked(g, dead) { // killed before that was written
			g.End = EndRevoked
			changes = append(changes, Change{PutAssignment: g})
		}
		s.ledger.put(g)
	}
	s.metrics.Sessions(len(s.grants))
	s.behind.begin(append(changes, orphans...)) // a session is the last to go: without it nothing says what was revoked
}

// loadGrants takes the sessions that are neither revoked nor too many.
func (s *Sessions) loadGrants(list []Session) (dead map[ID]bool, orphans []Change) {
	dead = map[ID]bool{}
	now, p := s.now(), s.policy.Load()
	grants := make([]*Session, 0, len(list))
	for i := range list {
		kept := list[i] // not a part of the list, which can then go
		g := &kept
		if g.User == "" && !g.Random { // written before the claim was kept: in its one spelling but for letter case
			g.User = jid.Unescape(g.Account)
		}
		if g.User == g.Account {
			g.User = g.Account // one copy of the text
		}
		g.place()
		if s.revoked.deadGrant(g, now, p.times(g.Host).leeway) { // killed between the two writes
			dead[g.ID] = true
			s.revoked.expel(accountKey{g.Host, g.Account}, s.revoked.of(g))
			orphans = append(orphans, Change{DeleteSession: g.login()})
			continue
		}
		grants = append(grants, g)
	}
	grants, over := s.limits.within(grants)
	for _, g := range over {
		orphans = append(orphans, Change{DeleteSession: g.login()})
	}
	for _, g := range grants {
		s.insert(g)
		s.revoked.back(accountKey{g.Host, g.Account})
	}
	return dead, orphans
}

// wasRevoked reports whether what an account was given rests on a session that
// was revoked.
func (s *Sessions) wasRevoked(g *Assignment, dead map[ID]bool) bool {
	if dead[g.Session] {
		return true
	}
	v := s.revoked.hit(accountOf(g.JID))
	return v != nil && s.grants[g.Session] == nil && !g.At.After(v.At)
}
