package lobby

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"usher/internal/bounded"
	"usher/internal/jid"
)

// A Knock is an account that tried a room whose lobby is on, and waits.
type Knock struct {
	ID    string    `json:"id"`   // of this wait, in this room; [KnockIDLength] characters
	Room  string    `json:"room"` // bare JID
	JID   string    `json:"jid"`  // bare JID
	Name  string    `json:"name"` // the nickname that it gave, cut
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
	Count int       `json:"count"`

	told time.Time // when moderators were last told
}

// The bounds of knocks. Of a room the first stay, and the last: a flood of made-up
// guests drives out neither what was there before it nor, for long, what comes
// afterwards.
const (
	knocksFirst   = 100
	knocksLast    = 100
	knockRooms    = 1000
	knockBytes    = 32 << 20  // of rooms' and accounts' names
	knockLasts    = time.Hour // after the last try
	tellAgain     = time.Minute
	tellsOfRoom   = 10 // a minute; then one that says how many there are
	maxNameLength = 64
)

// A Notice says what moderators are to be told of a knock.
type Notice int

// The notices.
const (
	TellNothing Notice = iota // they were told of it a moment ago, or of too many
	TellPerson                // that this account knocks
	TellCrowd                 // that many do
)

// knocks is the table of them. The zero value is ready.
type knocks struct {
	mu    sync.Mutex
	rooms map[string]*knocksOf
	n     int
	bytes int

	changes uint64 // how often something was changed
}

type knocksOf struct {
	name        string
	first, last []*Knock // each in the order in which they came
	byJID       map[string]*Knock
	started     bool // a token holder is there, or was
	minute      time.Time
	told        int
}

// add counts a knock of an account that has waited since a moment.
func (k *knocks) add(room, account, name string, started bool, since, now time.Time) Notice {
	if len(room) > jid.MaxJID || len(account) > jid.MaxJID {
		return TellNothing // Prosody names nothing like that
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	r := k.roomLocked(room, started, now)
	if r == nil {
		return TellNothing
	}
	v := r.byJID[account]
	if v == nil {
		if !k.fitsLocked(r, account, started) {
			return TellNothing
		}
		v = &Knock{Room: r.name, JID: account, First: since}
		k.insertLocked(r, v)
	}
	if since.Before(v.First) { // another usher saw it before
		v.First = since
	}
	v.Name, v.Last = cut(name), now
	v.Count++
	k.changes++
	return r.notice(v, now)
}

// roomLocked finds a room, or makes it. At the bound another goes: one that no token
// holder started, or else one where the last knock is long ago.
func (k *knocks) roomLocked(name string, started bool, now time.Time) *knocksOf {
	if k.rooms == nil {
		k.rooms = map[string]*knocksOf{}
	}
	r := k.rooms[name]
	if r == nil {
		if k.fullLocked() {
			k.makePlaceLocked(started)
		}
		if k.fullLocked() {
			return nil
		}
		r = &knocksOf{name: name, byJID: map[string]*Knock{}, minute: now}
		k.bytes += len(name)
		k.rooms[name] = r
	}
	r.started = r.started || started
	return r
}

// fitsLocked reports whether there is place for the name of an account in a room,
// and makes some if another room may go for it.
func (k *knocks) fitsLocked(r *knocksOf, account string, started bool) bool {
	if k.bytes+len(account) > knockBytes {
		k.makePlaceLocked(started)
	}
	return k.rooms[r.name] == r && k.bytes+len(account) <= knockBytes
}

func (k *knocks) fullLocked() bool { return len(k.rooms) >= knockRooms || k.bytes >= knockBytes }

// makePlaceLocked drops a room for one that was started, or was not.
func (k *knocks) makePlaceLocked(started bool) {
	if victim, ok := bounded.Least(k.mayGoLocked(started), goesBefore); ok {
		k.forgetLocked(victim.name)
	}
}

// mayGoLocked yields the rooms that may go for one that was started, or was not.
func (k *knocks) mayGoLocked(started bool) iter.Seq[*knocksOf] {
	return func(yield func(*knocksOf) bool) {
		for _, r := range k.rooms {
			if (!r.started || started) && !yield(r) {
				return
			}
		}
	}
}

// goesBefore reports whether a room makes place before another.
func goesBefore(r, other *knocksOf) bool {
	if other.started != r.started {
		return other.started
	}
	return r.minute.Before(other.minute)
}

// forgetLocked drops a room.
func (k *knocks) forgetLocked(room string) {
	k.changes++
	r := k.rooms[room]
	for jid := range r.byJID {
		k.bytes -= len(jid)
	}
	k.n -= len(r.byJID)
	k.bytes -= len(room)
	delete(k.rooms, room)
}

func (k *knocks) insertLocked(r *knocksOf, v *Knock) {
	r.byJID[v.JID] = v
	k.n++
	k.bytes += len(v.JID)
	if len(r.first) < knocksFirst {
		r.first = append(r.first, v)
		return
	}
	if r.last = append(r.last, v); len(r.last) <= knocksLast {
		return
	}
	old := r.last[0].JID
	delete(r.byJID, old)
	r.last = slices.Delete(r.last, 0, 1)
	k.n--
	k.bytes -= len(old)
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

// remove forgets an account that waits no longer, and reports whether it waited.
func (k *knocks) remove(room, jid string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	r := k.rooms[room]
	if r == nil || r.byJID[jid] == nil {
		return false
	}
	k.dropLocked(room, r, func(v *Knock) bool { return v.JID == jid })
	return true
}

// expire forgets accounts that have not tried for long, room by room.
func (k *knocks) expire(now time.Time) {
	for _, room := range k.unsortedNames() {
		k.expireOf(room, now)
	}
}

func (k *knocks) expireOf(room string, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if r := k.rooms[room]; r != nil {
		k.dropLocked(room, r, func(v *Knock) bool { return now.Sub(v.Last) >= knockLasts })
	}
}

func (k *knocks) dropLocked(room string, r *knocksOf, gone func(*Knock) bool) {
	for _, list := range []*[]*Knock{&r.first, &r.last} {
		*list = slices.DeleteFunc(*list, func(v *Knock) bool {
			if !gone(v) {
				return false
			}
			delete(r.byJID, v.JID)
			k.changes++
			k.n--
			k.bytes -= len(v.JID)
			return true
		})
	}
	if len(r.byJID) == 0 {
		k.forgetLocked(room)
	}
}

func (k *knocks) has(room, jid string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	r := k.rooms[room]
	return r != nil && r.byJID[jid] != nil
}

func (k *knocks) count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.n
}

// list returns them by room, and in the order in which they came; of one room
// only, if it is named. There may be many, and joins wait for the lock: it is let
// go after each room.
func (k *knocks) list(only string) []Knock {
	rooms := []string{only}
	if only == "" {
		rooms = k.roomNames()
	}
	all := []Knock{}
	for _, room := range rooms {
		all = k.appendOf(all, room)
	}
	slices.SortFunc(all, inOrder)
	return all
}

func inOrder(a, b Knock) int {
	return cmp.Or(cmp.Compare(a.Room, b.Room), a.First.Compare(b.First), cmp.Compare(a.JID, b.JID))
}

// part returns a part of the list, as it would be without limit, and how long that is. It looks at the rooms of the
// part alone: strangers can fill the list.
func (k *knocks) part(from, most int) (list []Knock, all int) {
	list = []Knock{}
	for _, room := range k.roomNames() {
		n := k.countOf(room)
		if all+n > from && len(list) < most {
			of := k.appendOf(nil, room)
			slices.SortFunc(of, inOrder)
			of = of[min(max(0, from-all), len(of)):]
			list = append(list, of[:min(most-len(list), len(of))]...)
		}
		all += n
	}
	return list, all
}

func (k *knocks) countOf(room string) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	if r := k.rooms[room]; r != nil {
		return len(r.byJID)
	}
	return 0
}

func (k *knocks) version() uint64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.changes
}

func (k *knocks) appendOf(list []Knock, room string) []Knock {
	list = slices.Grow(list, knocksFirst+knocksLast)
	before := len(list)
	k.mu.Lock()
	if r := k.rooms[room]; r != nil {
		for _, v := range slices.Concat(r.first, r.last) {
			list = append(list, *v)
		}
	}
	k.mu.Unlock()
	for i := range list[before:] { // joins need not wait for hashes
		list[before+i].ID = list[before+i].id()
	}
	return list
}

// since returns since when an account waits; the zero time: it does not.
func (k *knocks) since(room, jid string) time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	if r := k.rooms[room]; r != nil && r.byJID[jid] != nil {
		return r.byJID[jid].First
	}
	return time.Time{}
}

func (k *knocks) roomNames() []string {
	names := k.unsortedNames()
	slices.Sort(names)
	return names
}

func (k *knocks) unsortedNames() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Collect(maps.Keys(k.rooms))
}
