package moderation

// A ledger is what was given, by room and by account. It has bounds: what it
// cannot remember is not given.
type ledger struct {
	rooms map[string]map[string]*Assignment // room → JID
	jids  map[string]map[string]bool        // JID → rooms
	n     int
	bytes int
	waits waits // for what was given

	limits
}

func newLedger(b limits, w waits) ledger {
	return ledger{rooms: map[string]map[string]*Assignment{}, jids: map[string]map[string]bool{}, waits: w, limits: b}
}

func (l *ledger) get(k AssignmentKey) *Assignment { return l.rooms[k.Room][k.JID] }

// put inserts or replaces, and reports false at the bounds.
func (l *ledger) put(g *Assignment) bool {
	k := g.key()
	if l.get(k) == nil {
		if l.n >= l.givens || len(l.jids[g.JID]) >= l.givensOfOne || l.bytes+len(g.Room)+len(g.JID) > l.names {
			return false
		}
		if l.rooms[g.Room] == nil {
			l.rooms[g.Room] = map[string]*Assignment{}
		}
		if l.jids[g.JID] == nil {
			l.jids[g.JID] = map[string]bool{}
		}
		l.jids[g.JID][g.Room] = true
		l.n++
		l.bytes += len(g.Room) + len(g.JID)
	}
	l.rooms[g.Room][g.JID] = g
	l.waits.wake(g.Room, g.JID)
	return true
}

func (l *ledger) drop(k AssignmentKey) {
	if l.get(k) == nil {
		return
	}
	l.n--
	l.bytes -= len(k.Room) + len(k.JID)
	if delete(l.rooms[k.Room], k.JID); len(l.rooms[k.Room]) == 0 {
		delete(l.rooms, k.Room)
	}
	if delete(l.jids[k.JID], k.Room); len(l.jids[k.JID]) == 0 {
		delete(l.jids, k.JID)
	}
}

// roomsOf returns the rooms in which an account was let in.
func (l *ledger) roomsOf(jid string) []string {
	list := make([]string, 0, len(l.jids[jid]))
	for room := range l.jids[jid] {
		list = append(list, room)
	}
	return list
}
