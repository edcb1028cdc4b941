package occupancy

import (
	"time"
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

	before, after *person // in the list of those whose connection was lost
}

// A room is one that has people in it.
type room struct {
	people  map[string]*person
	here    int  // of these, how many are connected
	begun   bool // one of them has started it
	started bool // what Rooms were told
}

// A table is who is in which room. The lock is the caller's.
type table struct {
	Limits
	people map[string]*person
	lost   lostList // of these, who is not connected
	rooms  map[string]*room
	n      int
	bytes  int
}

func newTable(l Limits) table {
	return table{Limits: l, people: map[string]*person{}, rooms: map[string]*room{}}
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
	if r.people[o.JID] == nil && p.lost.IsZero() {
		r.here++
	}
	r.people[o.JID] = p
	r.begun = r.begun || o.Starts
	o.Starts = r.begun
	return forgotten, true
}

func (t *table) full(o *Occupant) bool {
	return t.n >= t.Occupants || t.bytes+len(o.Room)+len(o.JID) > t.Bytes
}

// makeRoom forgets the person whose connection was lost first, if there is one.
func (t *table) makeRoom() []Key {
	if t.lost.first == nil {
		return nil
	}
	return t.forget(t.lost.first)
}

// connect notes that a person is connected, or when the connection was lost.
func (t *table) connect(p *person, lost time.Time) {
	was := p.lost.IsZero()
	if !was {
		t.lost.drop(p)
	}
	if p.lost = lost; !lost.IsZero() {
		t.lost.add(p)
	}
	if is := lost.IsZero(); is != was {
		for name := range p.rooms {
			if is {
				t.rooms[name].here++
			} else {
				t.rooms[name].here--
			}
		}
	}
}

// A lostList is the people whose connection was lost, in the order in which that was noted.
type lostList struct{ first, last *person }

func (l *lostList) add(p *person) {
	if p.before = l.last; p.before != nil {
		p.before.after = p
	} else {
		l.first = p
	}
	l.last = p
}

func (l *lostList) drop(p *person) {
	if p.before != nil {
		p.before.after = p.after
	} else {
		l.first = p.after
	}
	if p.after != nil {
		p.after.before = p.before
	} else {
		l.last = p.before
	}
	p.before, p.after = nil, nil
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
	r := t.rooms[name]
	if p.lost.IsZero() {
		r.here--
	}
	if delete(p.rooms, name); len(p.rooms) == 0 {
		delete(t.people, jid)
		if !p.lost.IsZero() {
			t.lost.drop(p)
		}
	}
	if delete(r.people, jid); len(r.people) == 0 {
		r.begun = false // the next one to come in comes into another room
	}
	return true
}

// connected reports whether anyone in a room is connected, or when the last was.
func (r *room) connected() (yes bool, last time.Time) {
	if r.here > 0 {
		return true, time.Time{}
	}
	for _, p := range r.people {
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
