package moderation

import "slices"

// Touched is what a change of the sessions may have altered in rooms: what has to
// be compared there with what the sessions say now. Who makes a change hands it to
// [Keeper.Touch]; the sessions themselves know nobody who looks at rooms.
type Touched struct {
	Accounts []GivenKey // accounts in rooms; one may come twice
	Login    *Grant     // of a login: every room in which it may change something ([Sessions.roomsOfLogin])
	All      bool       // every room
}

// Touch has looked at what was touched.
func (k *Keeper) Touch(t Touched) {
	for _, key := range t.Accounts {
		k.changed(key.Room, key.JID)
	}
	if t.Login != nil {
		k.loggedIn(t.Login)
	}
	if t.All {
		k.resync()
	}
}

// loggedIn has every room looked at in which a new login may change what somebody
// is. In one that only lets members in that is done at once: the join follows.
func (k *Keeper) loggedIn(g *Grant) {
	jid := g.JID()
	h := k.sessions.policy.Load().hosts[g.Host]
	at := k.sessions.roomsOfLogin(h, g)
	for i, room := range at.rooms {
		if at.closed[i] {
			k.welcome(room, jid)
		} else {
			k.changed(room, jid)
		}
	}
	if h != nil && at.anyClosed && g.wild() {
		k.welcomeEverywhere(h, g, at.rooms)
	}
}

// loginRooms are the rooms in which a login may change something.
type loginRooms struct {
	rooms     []string
	closed    []bool // of each: it only lets members in
	anyClosed bool   // some room does, perhaps none of these
}

// roomsOfLogin finds where an account was let in before, and the rooms that are
// there and that a token names. The host may be one without rules.
func (s *Sessions) roomsOfLogin(h *hostRules, g *Grant) loginRooms {
	s.mu.RLock()
	rooms := s.ledger.roomsOf(g.JID())
	s.mu.RUnlock()
	if h != nil {
		rooms = append(rooms, s.namedRooms(h, g)...)
	}
	slices.Sort(rooms)
	rooms = slices.Compact(rooms)
	at := loginRooms{rooms: rooms, closed: make([]bool, len(rooms))}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for i, room := range rooms {
		_, at.closed[i] = s.closed[room]
	}
	at.anyClosed = len(s.closed) > 0
	return at
}
