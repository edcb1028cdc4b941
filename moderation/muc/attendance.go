package muc

import (
	"slices"
	"sync"

	"usher/internal/bounded"
)

const (
	maxAttendedBytes = 8 << 20
	maxAttendedOfOne = 8
	attendedOverhead = 200 // bytes of an account, about
)

// attendance remembers who was let into which main rooms: breakout rooms are
// open to who is in their main room, or was just before. At the bound those go who
// were let into none for long.
type attendance struct {
	mu   sync.Mutex
	of   bounded.Map[string, attended] // by bare JID
	last uint64
}

type attended struct {
	rooms []string // the last one last; of one account never changed, only replaced
	at    uint64   // counts up
}

func newAttendance() *attendance {
	return &attendance{of: bounded.Map[string, attended]{Most: maxAttendedBytes / attendedOverhead, Weight: maxAttendedBytes, Weigh: bytesOf,
		Before: func(a, b attended) bool { return a.at < b.at }}}
}

func bytesOf(user string, a attended) int {
	n := attendedOverhead + len(user)
	for _, r := range a.rooms {
		n += len(r) + 16
	}
	return n
}

func (a *attendance) add(user, room string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last++
	v, _ := a.of.Get(user)
	if n := len(v.rooms); n == 0 || v.rooms[n-1] != room {
		next := slices.DeleteFunc(slices.Clone(v.rooms), func(r string) bool { return r == room })
		v.rooms = append(next[max(0, len(next)+1-maxAttendedOfOne):], room)
	}
	v.at = a.last
	a.of.Put(user, v)
}

// rooms returns the main rooms that somebody was let into, the last one first.
func (a *attendance) rooms(user string) []string {
	a.mu.Lock()
	v, _ := a.of.Get(user)
	a.mu.Unlock()
	rooms := slices.Clone(v.rooms)
	slices.Reverse(rooms)
	return rooms
}
