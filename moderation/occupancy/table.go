package occupancy

import (
	"maps"
	"time"

	"usher/internal/bounded"
)

// Limits bound who is remembered. Beyond them who is not connected makes room; else an
// occupant is not remembered, and starts nothing.
type Limits struct {
	Occupants int
	Bytes     int // of names
	OfOne     int // rooms of one account
}

// UsualLimits are those of the daemon.
func UsualLimits() Limits { return Limits{Occupants: 200_000, Bytes: 64 << 20, OfOne: 64} }

// A person is an account that is in rooms.
type person struct {
	jid   string
	rooms map[string]bool
	lost  time.Time // when its connection was; zero: it is connected
}

// A room is one that has people in it.
type room struct {
	people  map[string]*person
	begun   bool // one of them has started it
	started bool // what Rooms were told
}

// A table is who is in which room. The lock is the caller's.
type table struct {
	Limits
	people map[string]*person
	lost   map[string]*person // of these, who is not connected
	rooms  map[string]*room
	n      int
	bytes  int
}

func newTable(l Limits) table {
	return table{Limits: l, people: map[string]*person{}, lost: map[string]*person{},
		rooms: map[string]*room{}}
}

// enter reports false at the bounds. Whom it forgot for the new one it returns. In a room that
// was begun every occupant says so, for the next start.
func (t *table) enter(o *Occupant) (forgotten []Key, ok bool) {
	p := t.people[o.JID]
	if p == nil {
		p = &person{jid: o.JID, rooms: map[string]bool{}}
	}
	if !p.rooms[o.Room] {
		if len(p.rooms) >= t.OfOne {
			return nil, false
		}
		if t.full(o) {
			forgotten = t.makeRoom()
		}
		if t.full(o) {
			return forgotten, false
		}
		t.n++
		t.bytes += len(o.Room) + len(o.JID)
	}
	t.people[o.JID] = p
	p.rooms[o.Room] = true
	r := t.rooms[o.Room]
	if r == nil {
		r = &room{people: map[string]*person{}}
		t.rooms[o.Room] = r
	}
	r.people[o.JID] = p
	r.begun = r.begun || o.Starts
	o.Starts = r.begun
	return forgotten, true
}

func (t *table) full(o *Occupant) bool {
	return t.n >= t.Occupants || t.bytes+len(o.Room)+len(o.JID) > t.Bytes
}

// makeRoom forgets a person whose connection was lost, if there is one among a few.
func (t *table) makeRoom() []Key {
	longest, ok := bounded.Least(maps.Values(t.lost), func(a, b *person) bool { return a.lost.Before(b.lost) })
	if !ok {
		return nil
	}
	return t.forget(longest)
}

// connect notes that a person is connected, or when the connection was lost.
func (t *table) connect(p *person, lost time.Time) {
	if p.lost = lost; lost.IsZero() {
		delete(t.lost, p.jid)
	} else {
		t.lost[p.jid] = p
	}
}

func (t *table) forget(p *person) (keys []Key) {
	for name := range p.rooms {
		t.leave(name, p.jid)
		keys = append(keys, Key{name, p.jid})
	}
	return keys
}

// leave reports whether the account was there. The room stays in the table: it is looked at
// once more.
func (t *table) leave(name, jid string) bool {
	p := t.people[jid]
	if p == nil {
		return false
	}
	if !p.rooms[name] {
		return false
	}
	t.n--
	t.bytes -= len(name) + len(jid)
	if delete(p.rooms, name); len(p.rooms) == 0 {
		delete(t.people, jid)
		delete(t.lost, jid)
	}
	r := t.rooms[name]
	if delete(r.people, jid); len(r.people) == 0 {
		r.begun = false // the next one to come in comes into another room
	}
	return true
}

// connected reports whether anyone in a room is connected, or when the last was.
func (r *room) connected() (yes bool, last time.Time) {
	for _, p := range r.people {
		if p.lost.IsZero() {
			return true, time.Time{}
		}
		if p.lost.After(last) {
			last = p.lost
		}
	}
	return false, last
}

// stands reports whether the room is started, and when that changes by itself.
func (r *room) stands(now time.Time) (yes bool, until time.Time) {
	if !r.begun || len(r.people) == 0 {
		return false, time.Time{}
	}
	connected, last := r.connected()
	if connected {
		return true, time.Time{}
	}
	until = last.Add(Grace)
	return now.Before(until), until
}
