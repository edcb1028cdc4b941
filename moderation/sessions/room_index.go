package sessions

import (
	"usher/internal/jid"
	"usher/moderation"
)

// A roomIndex finds the sessions that name a room: by host and each localpart
// that a claim opens, which of a claim without a tenant is what follows one.
// Those of "*" and of regular expressions are in nobody's way and not in here.
// It is a hint at whom to look: [moderation.Host.Opens] decides.
type roomIndex map[roomIndexKey]*namedRoom

type roomIndexKey struct{ host, name string }

// namedRoom are the sessions that name one room, the last login first.
type namedRoom struct {
	roomIndexKey
	moderators, others *roomPlace
}

// A roomPlace is that of a session among those that name a room.
type roomPlace struct {
	room          *namedRoom
	session       *session
	later, before *roomPlace
}

func (r *namedRoom) first(g *session) **roomPlace {
	if g.Moderator {
		return &r.moderators
	}
	return &r.others
}

func (x roomIndex) add(g *session) {
	for i := range g.places.byRoom {
		p := &g.places.byRoom[i]
		r := x[p.room.roomIndexKey]
		if r == nil {
			r = p.room
			x[r.roomIndexKey] = r
		}
		p.room = r
		first := r.first(g)
		if p.before = *first; p.before != nil {
			p.before.later = p
		}
		*first = p
	}
}

func (x roomIndex) drop(g *session) {
	for i := range g.places.byRoom {
		p := &g.places.byRoom[i]
		r := p.room
		if p.later != nil {
			p.later.before = p.before
		} else {
			*r.first(g) = p.before
		}
		if p.before != nil {
			p.before.later = p.later
		}
		p.later, p.before = nil, nil
		if r.moderators == nil && r.others == nil {
			delete(x, r.roomIndexKey)
		}
	}
}

// indexKeys are few: a token is too small to name many rooms.
func indexKeys(g *moderation.Session) []roomIndexKey {
	if g.RoomRegex {
		return nil
	}
	var list []roomIndexKey
	for _, claim := range g.Rooms {
		if claim == "*" {
			continue
		}
		c, err := jid.ReadClaim(claim)
		if err != nil {
			continue
		}
		for _, name := range c.Names() {
			list = append(list, roomIndexKey{g.Host, name})
		}
	}
	return list
}
