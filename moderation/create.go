package moderation

import (
	"context"
	"slices"
	"time"

	"usher/lobby"
	"usher/metrics"
)

// maxSeeded bounds the affiliations that a new room begins with. Who is beyond
// it gets his when he joins.
const maxSeeded = 256

// Create answers Prosody's question about a room that is about to be created:
// the affiliations that it begins with, by bare JID. They are those of the
// accounts whose tokens name the room, and of those who are known to be about to
// join it; who creates it is not asked, and is nothing to it by that. What an
// earlier room of this name knew is forgotten, but not what its owners took
// away.
func (m *Service) Create(ctx context.Context, room string) (map[string]Affiliation, Decision) {
	name, err := ParseRoom(room)
	if err != nil {
		return nil, refuse(ReasonMalformedRequest, "%v; look at what asks %s", err, CreatePath)
	}
	h := m.sessions.policy.Load().byRoom[name.Domain]
	if h == nil {
		return nil, refuse(ReasonUnknownRoom, "%q is none of the MUC components under hosts; add it to muc or breakout of its host, or take muc_http_defaults out of that component in Prosody", clip(name.Domain))
	}
	failed := m.births.begin(room, m.now())
	m.unasked.Began(name.Domain, name.JID)
	if h.breakout[name.Domain] {
		m.mains.forget(name.JID)
		return map[string]Affiliation{}, Decision{Allowed: true}
	}
	members, on := m.members(h, name)
	seeds := m.seeds(h, name, on)
	for _, jid := range members {
		if !slices.ContainsFunc(seeds, func(g *Assignment) bool { return g.JID == jid }) { // who has a token, too, has what that says
			seeds = append(seeds, &Assignment{Room: name.JID, JID: jid, Affiliation: Member, Lobby: true, At: m.now()})
		}
	}
	seeds, changes := m.sessions.beginRoom(name.JID, seeds)
	if failed {
		seeds = ownersOf(seeds)
	}
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	if err := m.sessions.apply(within, metrics.StateCreateRoom, changes...); err != nil {
		return nil, refuse(ReasonInternalError, "the state cannot be written; look at the file that state names, and whether its disk is full")
	}
	affiliations := make(map[string]Affiliation, len(seeds))
	for _, g := range seeds {
		affiliations[g.JID] = g.Affiliation
	}
	return affiliations, Decision{Allowed: true}
}

// ownersOf is what is left of an answer that came to nothing. Prosody gives up a
// room if it cannot set one of its affiliations, and it cannot make a member of
// somebody whom its own configuration names as an admin. The others get theirs a
// moment later.
func ownersOf(seeds []*Assignment) []*Assignment {
	return slices.DeleteFunc(seeds, func(g *Assignment) bool { return g.Affiliation != Owner })
}

// members are those who are members of a new room for the lobby's lists' sake;
// on says that the room will let in nobody else.
func (m *Service) members(h *Host, room RoomName) (jids []string, on bool) {
	if m.lobby == nil || h.Lobby.Mode() != lobby.MembersOnly || !h.Lobby.On(room.forLobby()) {
		return nil, false
	}
	list := m.lobby.Members(room.forLobby(), maxSeeded)
	return slices.DeleteFunc(list, func(jid string) bool { return h.service[jid] }), true
}

// The bounds of a search for who may be about to join a new room: Prosody stands
// still for it, and a token for one room may be that of all sessions.
const (
	maxCandidates = 2 * maxSeeded
	maxLookedAt   = 8 * maxSeeded
)

// candidates are the accounts whose tokens may open a room for them and who are
// to be looked at before it begins: those who logged in last, moderators first.
func (m *Service) candidates(h *Host, room RoomName, now time.Time) map[accountKey]bool {
	set := map[accountKey]bool{}
	names := []string{room.Name, room.Local} // one and the same without a tenant
	for _, name := range slices.Compact(names) {
		for _, moderators := range []bool{true, false} {
			n := 0
			for _, g := range m.sessions.loggedInLast(roomIndexKey{h.Host, name}, moderators) {
				if reason, _ := h.opens(g, room); reason != "" { // of another tenant, say
					continue
				}
				set[accountKey{g.Host, g.Account}] = true
				if n++; n == maxCandidates {
					break
				}
			}
		}
	}
	for _, k := range m.arrivals.of(room.JID, now) {
		if k.host == h.Host { // the component may be another host's by now
			set[k] = true
		}
	}
	return set
}

// loggedInLast returns some of the sessions that name a room, the last login first.
func (s *Sessions) loggedInLast(key roomIndexKey, moderators bool) []*Session {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var list []*Session
	r := s.byRoom[key]
	if r == nil {
		return nil
	}
	p := r.others
	if moderators {
		p = r.moderators
	}
	for ; p != nil && len(list) < maxLookedAt; p = p.before {
		list = append(list, p.grant)
	}
	return list
}

// seeds are what the accounts are given with which a room begins.
func (m *Service) seeds(h *Host, room RoomName, on bool) []*Assignment {
	now := m.now()
	judge := m.sessions.judgeBy(h.policy, now)
	var deciding []Decision
	for k := range m.candidates(h, room, now) {
		d := h.decide(m.sessions.judged(k, judge), room)
		if d.Allowed && on {
			d = h.atLobby(d, on, m.lobby.Standing(room.forLobby(), k.account+"@"+k.host), true)
		}
		if d.Allowed && d.Affiliation != None {
			deciding = append(deciding, d)
		}
	}
	slices.SortFunc(deciding, func(a, b Decision) int { // owners first, and those who came last
		if c := b.Affiliation.rank() - a.Affiliation.rank(); c != 0 {
			return c
		}
		return b.Session.LoggedIn.Compare(a.Session.LoggedIn)
	})
	var list []*Assignment
	for _, d := range deciding[:min(len(deciding), maxSeeded)] {
		list = append(list, &Assignment{Room: room.JID, JID: d.Session.JID(), Affiliation: d.Affiliation, Session: d.Session.ID, At: now})
	}
	return list
}

// beginRoom forgets what an earlier room of a name knew, and remembers what the
// new one begins with: seeds, but for what owners of the earlier one took away and
// for sessions that have ended meanwhile.
func (s *Sessions) beginRoom(room string, seeds []*Assignment) (begun []*Assignment, changes []Change) {
	for more := true; more; {
		s.mu.Lock()
		if changes, more = s.forgetGivens(room, changes); !more {
			begun, changes = s.takeSeeds(room, seeds, s.renewRoom(room, changes))
		}
		s.mu.Unlock()
	}
	return begun, changes
}

// takeSeeds wants the lock.
func (s *Sessions) takeSeeds(room string, seeds []*Assignment, changes []Change) ([]*Assignment, []Change) {
	var begun []*Assignment
	for _, g := range seeds {
		old := s.ledger.get(g.key())
		switch {
		case old != nil && old.Overridden && old.Session == g.Session, !g.Lobby && s.grants[g.Session] == nil:
			continue
		case s.ledger.put(g):
			changes = append(changes, Change{PutAssignment: g})
		}
		begun = append(begun, g)
	}
	return begun, changes
}

// renewRoom wants the lock.
func (s *Sessions) renewRoom(room string, changes []Change) []Change {
	if r := s.rooms[room]; r != nil && r.isKept() {
		changes = append(changes, Change{DeleteRoom: r.key()})
	}
	s.epoch++
	s.dropRoom(room)
	delete(s.closed, room)
	r := s.makeRoom(room)
	r.Joined, r.Made, r.epoch = s.now(), true, s.epoch
	return changes
}
