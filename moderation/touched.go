package moderation

import "slices"

// Touched is what a change of the sessions may have altered in rooms: what has to
// be compared there with what the sessions say now. Who makes a change hands it to
// [Keeper.Touch]; the sessions themselves know nobody who looks at rooms.
type Touched struct {
	Accounts []AssignmentKey // accounts in rooms; one may come twice
	Login    *Session        // of a login: every room in which it may change something ([Sessions.roomsOfLogin])
	All      bool            // every room
}

// loginRooms are the rooms in which a login may change something.
type loginRooms struct {
	rooms     []string
	closed    []bool // of each: it only lets members in
	anyClosed bool   // some room does, perhaps none of these
}

// roomsOfLogin finds where an account was let in before, and the rooms that are
// there and that a token names. The host may be one without rules.
func (s *Sessions) roomsOfLogin(h *Host, g *Session) loginRooms {
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
