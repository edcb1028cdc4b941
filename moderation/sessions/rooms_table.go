package sessions

import (
	"maps"
	"time"

	"usher/internal/bounded"
	"usher/moderation"
	"usher/moderation/sessions/waits"
)

// maxEvicted bounds the rooms that are to be deleted from the state; the others are
// found gone after a restart.
const maxEvicted = 10_000

// A roomState is a [moderation.Room], and which of the rooms of that name it is.
type roomState struct {
	moderation.Room
	epoch  uint64
	seenOn uint64 // the connection on which it was seen to let in members only
}

// rooms are those that may have occupants. The lock is the caller's.
type rooms struct {
	all         map[string]*roomState
	inTenants   tenantRooms
	membersOnly map[string]moderation.RoomName // that let in nobody else
	began       int64                          // Began of the last room
	epoch       uint64                         // of the last room about which Prosody asked
	evicted     []*moderation.RoomKey          // that had to go, and are in the state still
	waits       waits.Rooms                    // for a room to change, or go
	most        int
}

func newRooms(most int, w waits.Rooms) rooms {
	return rooms{all: map[string]*roomState{}, inTenants: tenantRooms{}, membersOnly: map[string]moderation.RoomName{},
		waits: w, most: most}
}

func (t *rooms) put(r *roomState) {
	t.all[r.JID] = r
	t.indexMembersOnly(r)
	t.inTenants.add(r.JID)
}

// indexMembersOnly wants to be told whenever MembersOnly of a room is another.
func (t *rooms) indexMembersOnly(r *roomState) {
	delete(t.membersOnly, r.JID)
	if name, err := moderation.ParseRoom(r.JID); r.MembersOnly && err == nil {
		t.membersOnly[r.JID] = name
	}
}

func (t *rooms) drop(jid string) {
	delete(t.all, jid)
	delete(t.membersOnly, jid)
	t.inTenants.drop(jid)
	t.waits.Wake(jid, "")
}

// same reports whether a room is the one that had an epoch, or is as unknown still.
func (t *rooms) same(jid string, epoch uint64) bool {
	r := t.all[jid]
	return r == nil && epoch == 0 || r != nil && r.epoch == epoch
}

// add remembers another room, which none of the name may be before.
func (t *rooms) add(jid string, now time.Time) *roomState {
	if len(t.all) >= t.most {
		t.evict()
	}
	t.began = max(t.began+1, now.UnixNano()) // no two are the same, also if the clock was set back
	r := &roomState{Room: moderation.Room{JID: jid, Began: t.began}}
	t.put(r)
	return r
}

// evict lets a room go whose last join is long ago: no occupant is thrown out by it, only
// its guests have to wait again.
func (t *rooms) evict() {
	oldest, _ := bounded.Least(maps.Values(t.all), func(a, b *roomState) bool { return a.Joined.Before(b.Joined) })
	t.drop(oldest.JID)
	if oldest.Kept() && len(t.evicted) < maxEvicted {
		t.evicted = append(t.evicted, oldest.Key()) // written by the next sweep
	}
}

// renew puts a new room in the place of one of the name, if there is one, and returns
// what is to be written.
func (t *rooms) renew(jid string, now time.Time, changes []Change) []Change {
	if r := t.all[jid]; r != nil && r.Kept() {
		changes = append(changes, Change{DeleteRoom: r.Key()})
	}
	t.epoch++
	t.drop(jid)
	r := t.add(jid, now)
	r.Joined, r.Made, r.epoch = now, true, t.epoch
	return changes
}

// tenantRooms finds the rooms that are there and have a tenant, by what follows
// it in their names.
type tenantRooms map[string]map[string]bool // name → JIDs

func (t tenantRooms) add(jid string) {
	name, err := moderation.ParseRoom(jid)
	if err != nil || name.Tenant == "" {
		return
	}
	if t[name.Name] == nil {
		t[name.Name] = map[string]bool{}
	}
	t[name.Name][jid] = true
}

func (t tenantRooms) drop(jid string) {
	name, err := moderation.ParseRoom(jid)
	if err != nil || name.Tenant == "" {
		return
	}
	if delete(t[name.Name], jid); len(t[name.Name]) == 0 {
		delete(t, name.Name)
	}
}
