package sessions

import (
	"usher/internal/guard"
	"usher/moderation"
	"usher/moderation/sessions/index"
	"usher/moderation/sessions/waits"
)

// assignments are what was given, by room and by account. They are bounded: what cannot
// be remembered is not given. The lock is the caller's.
type assignments struct {
	rooms map[string]map[string]*moderation.Assignment // room → JID
	jids  map[string]map[string]bool                   // JID → rooms
	n     int
	bytes int
	waits waits.Rooms // for what was given

	Limits
}

func newAssignments(b Limits, w waits.Rooms) assignments {
	return assignments{rooms: map[string]map[string]*moderation.Assignment{}, jids: map[string]map[string]bool{},
		waits: w, Limits: b}
}

func (a *assignments) get(k moderation.AssignmentKey) *moderation.Assignment {
	return a.rooms[k.Room][k.JID]
}

// put inserts or replaces, and reports false at the bounds.
func (a *assignments) put(g *moderation.Assignment) bool {
	k := g.Key()
	if a.get(k) == nil {
		if a.n >= a.Assignments || len(a.jids[g.JID]) >= a.AssignmentsOfOne || a.bytes+len(g.Room)+len(g.JID) > a.Names {
			return false
		}
		if a.rooms[g.Room] == nil {
			a.rooms[g.Room] = map[string]*moderation.Assignment{}
		}
		if a.jids[g.JID] == nil {
			a.jids[g.JID] = map[string]bool{}
		}
		a.jids[g.JID][g.Room] = true
		a.n++
		a.bytes += len(g.Room) + len(g.JID)
	}
	a.rooms[g.Room][g.JID] = g
	a.waits.Wake(g.Room, g.JID)
	return true
}

func (a *assignments) drop(k moderation.AssignmentKey) {
	if a.get(k) == nil {
		return
	}
	a.n--
	a.bytes -= len(k.Room) + len(k.JID)
	if delete(a.rooms[k.Room], k.JID); len(a.rooms[k.Room]) == 0 {
		delete(a.rooms, k.Room)
	}
	if delete(a.jids[k.JID], k.Room); len(a.jids[k.JID]) == 0 {
		delete(a.jids, k.JID)
	}
}

// roomsOf returns the rooms in which an account was let in.
func (a *assignments) roomsOf(jid string) []string {
	list := make([]string, 0, len(a.jids[jid]))
	for room := range a.jids[jid] {
		list = append(list, room)
	}
	return list
}

// forget forgets a portion of what was given in a room, and reports whether there is
// more. What owners took away stays, as long as its session does.
func (a *assignments) forget(room string, live *index.Index, changes []Change) (_ []Change, more bool) {
	n := 0
	for jid, g := range a.rooms[room] {
		if g.Overridden && live.Get(g.Session) != nil {
			continue
		}
		if n++; n > guard.Portion {
			return changes, true
		}
		k := moderation.AssignmentKey{Room: room, JID: jid}
		a.drop(k)
		changes = append(changes, Change{DeleteAssignment: &k})
	}
	return changes, false
}

// begin puts what a new room begins with, but for what owners took away of an earlier one
// and for sessions that have ended meanwhile.
func (a *assignments) begin(seeds []*moderation.Assignment, live *index.Index,
	changes []Change) ([]*moderation.Assignment, []Change) {
	var begun []*moderation.Assignment
	for _, g := range seeds {
		old := a.get(g.Key())
		switch {
		case old != nil && old.Overridden && old.Session == g.Session, !g.Lobby && live.Get(g.Session) == nil:
			continue
		case a.put(g):
			changes = append(changes, Change{PutAssignment: g})
		}
		begun = append(begun, g)
	}
	return begun, changes
}
