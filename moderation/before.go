package moderation

import "context"

// BeforeJoin is told that a user, by his bare JID, is about to join a room, by
// its bare JID as his client wrote it; Prosody is told when it returns. His role
// is computed as he comes in, so by then he is to the room what his token says,
// or will be when Prosody makes the room. It refuses nobody: that is for the
// question that follows. It returns when that is done, or when ctx ends; then it
// is done meanwhile.
func (m *Service) BeforeJoin(ctx context.Context, user, room string) {
	name, h, err := m.sessions.policy.Load().find(room)
	if err != nil || h.breakout[name.Domain] {
		return
	}
	now := m.now()
	m.unasked.Hear(name.Domain, name.JID)
	d := m.sessions.standing(h, user, name, now)
	if !d.Allowed || d.Session == nil || d.Affiliation == None {
		return
	}
	if d.Session.wild() { // the others are found by the room's name
		m.arrivals.add(name.JID, accountKey{d.Session.Host, d.Session.Account}, now)
	}
	if m.sessions.isThere(name.JID) && !m.sessions.given(name.JID, user).leavesNothingFor(d) {
		m.effects.BeforeJoin(ctx, name.JID, user)
	}
}

func (s *Sessions) isThere(room string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.rooms[room] != nil
}

// leavesNothingFor reports whether, by what the ledger says, nothing is to be set
// in the room before somebody joins it.
func (g *Assignment) leavesNothingFor(d Decision) bool {
	switch {
	case g == nil, g.End != "":
		return false
	case g.Overridden:
		return g.Session == d.Session.ID
	case g.External:
		return g.Confirmed && g.Affiliation.rank() >= d.Affiliation.rank()
	}
	return g.Confirmed && g.Affiliation == d.Affiliation
}
