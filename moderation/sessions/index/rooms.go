package index

import (
	"usher/internal/jid"
	"usher/moderation"
)

// A RoomKey is a room as a claim names it: a host, and a localpart that the claim opens, which of a claim without a
// tenant is what follows one.
type RoomKey struct{ Host, Name string }

// RoomKeys are the rooms that a session names. They are few: a token is too small to name many. Those of "*" and of
// regular expressions are in nobody's way and not among them.
func RoomKeys(s *moderation.Session) []RoomKey {
	if s.RoomRegex {
		return nil
	}
	var list []RoomKey
	for _, claim := range s.Rooms {
		if claim == "*" {
			continue
		}
		c, err := jid.ReadClaim(claim)
		if err != nil {
			continue
		}
		for _, name := range c.Names() {
			list = append(list, RoomKey{s.Host, name})
		}
	}
	return list
}

// namedRoom are the sessions that name one room.
type namedRoom struct {
	RoomKey
	moderators, others placeList
}

// A placeList are places, the last login first.
type placeList struct{ first, last placeID }

func (r *namedRoom) list(g *Session) *placeList {
	if g.is(isModerator) {
		return &r.moderators
	}
	return &r.others
}

// A placeID stands for a place. Zero is none.
type placeID uint32

// A place is that of a session among those that name a room.
type place struct {
	room          *namedRoom
	session       handle
	later, before placeID
	next          placeID // of the same session, or the next free one
}

// named finds the sessions that name a room. It is a hint at which to look at: [moderation.Host.Opens] decides.
type named struct {
	rooms  map[RoomKey]*namedRoom
	places []*[chunk]place
	free   placeID
}

func (x *named) at(id placeID) *place { return &x.places[(id-1)/chunk][(id-1)%chunk] }

// take makes a place of a session that names a room.
func (x *named) take(g *Session, key RoomKey) (placeID, *place, *placeList) {
	if x.free == 0 {
		first := placeID(len(x.places)*chunk) + 1
		x.places = append(x.places, new([chunk]place))
		for id := first + chunk - 1; id >= first; id-- {
			x.at(id).next, x.free = x.free, id
		}
	}
	r := x.rooms[key]
	if r == nil {
		r = &namedRoom{RoomKey: key}
		x.rooms[key] = r
	}
	id := x.free
	p := x.at(id)
	x.free = p.next
	*p = place{room: r, session: g.self, next: g.place}
	g.place = id
	return id, p, r.list(g)
}

// add is of a session that logged in after all others.
func (x *named) add(g *Session, keys []RoomKey) {
	for _, key := range keys {
		id, p, list := x.take(g, key)
		if p.before = list.first; p.before != 0 {
			x.at(p.before).later = id
		} else {
			list.last = id
		}
		list.first = id
	}
}

// addOldest is add of a session that logged in before all others.
func (x *named) addOldest(g *Session, keys []RoomKey) {
	for _, key := range keys {
		id, p, list := x.take(g, key)
		if p.later = list.last; p.later != 0 {
			x.at(p.later).before = id
		} else {
			list.first = id
		}
		list.last = id
	}
}

func (x *named) drop(g *Session) {
	for g.place != 0 {
		id := g.place
		p := x.at(id)
		r := p.room
		list := r.list(g)
		if p.later != 0 {
			x.at(p.later).before = p.before
		} else {
			list.first = p.before
		}
		if p.before != 0 {
			x.at(p.before).later = p.later
		} else {
			list.last = p.later
		}
		g.place = p.next
		*p = place{next: x.free}
		x.free = id
		if r.moderators.first == 0 && r.others.first == 0 {
			delete(x.rooms, r.RoomKey)
		}
	}
}

// LastOfRoom returns at most so many of the sessions that name a room, the last login first.
func (x *Index) LastOfRoom(key RoomKey, moderators bool, most int) (list []*Session) {
	r := x.named.rooms[key]
	if r == nil {
		return nil
	}
	id := r.others.first
	if moderators {
		id = r.moderators.first
	}
	for id != 0 && len(list) < most {
		p := x.named.at(id)
		list = append(list, x.slots.at(p.session))
		id = p.before
	}
	return list
}

// RoomsOf returns the rooms that a session names.
func (x *Index) RoomsOf(g *Session) (list []RoomKey) {
	for id := g.place; id != 0; id = x.named.at(id).next {
		list = append(list, x.named.at(id).room.RoomKey)
	}
	return list
}
