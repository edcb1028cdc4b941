package lobby

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// A Knock is somebody who tried a room whose lobby is on, and waits.
type Knock struct {
	Room  string    `json:"room"` // bare JID
	JID   string    `json:"jid"`  // bare JID
	Name  string    `json:"name"` // the nickname that he gave, cut
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
	Count int       `json:"count"`

	told time.Time // when moderators were last told
}

// The bounds of knocks. Of a room those who came first stay, and those who came
// last: whoever floods a room with made-up guests can drive out neither who was
// there before nor, for long, who comes afterwards.
const (
	knocksFirst   = 100
	knocksLast    = 100
	knockRooms    = 1000
	knockLasts    = time.Hour // after the last try
	tellAgain     = time.Minute
	tellsOfRoom   = 10 // a minute; then one that says how many there are
	knockSampled  = 16
	maxNameLength = 64
)

// A Notice says what moderators are to be told of a knock.
type Notice int

// The notices.
const (
	TellNothing Notice = iota // they were told of him a moment ago, or of too many
	TellPerson                // that he knocks
	TellCrowd                 // that many do
)

// knocks is the table of them. The zero value is ready.
type knocks struct {
	mu    sync.Mutex
	rooms map[string]*knocksOf
	n     int
}

type knocksOf struct {
	first, last []*Knock // each in the order in which they came
	byJID       map[string]*Knock
	started     bool // a token holder is there, or was
	minute      time.Time
	told        int
}

// add counts a knock.
func (k *knocks) add(room, jid, name string, started bool, now time.Time) Notice {
	k.mu.Lock()
	defer k.mu.Unlock()
	r := k.room(room, started, now)
	if r == nil {
		return TellNothing
	}
	v := r.byJID[jid]
	if v == nil {
		v = &Knock{Room: room, JID: jid, First: now}
		k.n += r.insert(v)
	}
	v.Name, v.Last = cut(name), now
	v.Count++
	return r.notice(v, now)
}

// room wants the lock. At the bound a room goes that nobody started, or else
// one where nobody knocked for long.
func (k *knocks) room(name string, started bool, now time.Time) *knocksOf {
	if k.rooms == nil {
		k.rooms = map[string]*knocksOf{}
	}
	r := k.rooms[name]
	if r == nil {
		if len(k.rooms) >= knockRooms {
			k.makePlace(started)
		}
		if len(k.rooms) >= knockRooms {
			return nil
		}
		r = &knocksOf{byJID: map[string]*Knock{}, minute: now}
		k.rooms[name] = r
	}
	r.started = r.started || started
	return r
}

func (k *knocks) makePlace(started bool) {
	victim, n := "", 0
	for name, r := range k.rooms {
		old := k.rooms[victim]
		if (!r.started || started) && (old == nil || old.started && !r.started || old.started == r.started && r.minute.Before(old.minute)) {
			victim = name
		}
		if n++; n == knockSampled && victim != "" {
			break
		}
	}
	if victim != "" {
		k.n -= len(k.rooms[victim].byJID)
		delete(k.rooms, victim)
	}
}

// insert returns by how much there are more.
func (r *knocksOf) insert(v *Knock) int {
	r.byJID[v.JID] = v
	if len(r.first) < knocksFirst {
		r.first = append(r.first, v)
		return 1
	}
	r.last = append(r.last, v)
	if len(r.last) <= knocksLast {
		return 1
	}
	delete(r.byJID, r.last[0].JID)
	r.last = slices.Delete(r.last, 0, 1)
	return 0
}

func (r *knocksOf) notice(v *Knock, now time.Time) Notice {
	if now.Sub(r.minute) >= time.Minute {
		r.minute, r.told = now, 0
	}
	if now.Sub(v.told) < tellAgain || r.told > tellsOfRoom {
		return TellNothing
	}
	v.told = now
	if r.told++; r.told > tellsOfRoom {
		return TellCrowd
	}
	return TellPerson
}

// remove forgets who waits no longer, and reports whether he waited.
func (k *knocks) remove(room, jid string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	r := k.rooms[room]
	if r == nil || r.byJID[jid] == nil {
		return false
	}
	k.drop(room, r, func(v *Knock) bool { return v.JID == jid })
	return true
}

// expire forgets who has not tried for long.
func (k *knocks) expire(now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for room, r := range k.rooms {
		k.drop(room, r, func(v *Knock) bool { return now.Sub(v.Last) >= knockLasts })
	}
}

// drop wants the lock.
func (k *knocks) drop(room string, r *knocksOf, gone func(*Knock) bool) {
	for _, list := range []*[]*Knock{&r.first, &r.last} {
		*list = slices.DeleteFunc(*list, func(v *Knock) bool {
			if !gone(v) {
				return false
			}
			delete(r.byJID, v.JID)
			k.n--
			return true
		})
	}
	if len(r.byJID) == 0 {
		delete(k.rooms, room)
	}
}

func (k *knocks) count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.n
}

// list returns them by room, and in the order in which they came; of one room
// only, if it is named.
func (k *knocks) list(only string) []Knock {
	k.mu.Lock()
	defer k.mu.Unlock()
	all := []Knock{}
	for room, r := range k.rooms {
		if only != "" && room != only {
			continue
		}
		for _, v := range slices.Concat(r.first, r.last) {
			all = append(all, *v)
		}
	}
	slices.SortFunc(all, func(a, b Knock) int {
		return cmp.Or(cmp.Compare(a.Room, b.Room), a.First.Compare(b.First), cmp.Compare(a.JID, b.JID))
	})
	return all
}

func (k *knocks) roomNames() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	names := make([]string, 0, len(k.rooms))
	for room := range k.rooms {
		names = append(names, room)
	}
	slices.Sort(names)
	return names
}
