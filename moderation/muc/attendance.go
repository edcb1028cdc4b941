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

// attendance remembers which accounts were let into which main rooms: a breakout room is
// open to an account that is in its main room, or was just before. At the bound those go
// that were let into none for long.
type attendance struct {
	mu   sync.Mutex
	of   bounded.Map[string, *attended] // by bare JID
	last uint64
}

type attended struct {
	rooms []string // the last one last; never changed
	at    uint64   // counts up
}

func newAttendance() *attendance {
	return &attendance{of: bounded.Map[string, *attended]{Most: maxAttendedBytes / attendedOverhead,
		Weight: maxAttendedBytes, Weigh: bytesOf,
		Before: func(a, b *attended) bool { return a.at < b.at }}}
}

func bytesOf(user string, a *attended) int {
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
	v, there := a.of.Get(user)
	if there && v.rooms[len(v.rooms)-1] == room {
		v.at = a.last
		return
	}
	var next []string
	if there {
		next = slices.DeleteFunc(slices.Clone(v.rooms), func(r string) bool { return r == room })
	}
	a.of.Put(user, &attended{append(next[max(0, len(next)+1-maxAttendedOfOne):], room), a.last})
}

// rooms returns the main rooms that an account was let into, the last one first.
func (a *attendance) rooms(user string) []string {
	a.mu.Lock()
	v, there := a.of.Get(user)
	a.mu.Unlock()
	if !there {
		return nil
	}
	rooms := slices.Clone(v.rooms)
	slices.Reverse(rooms)
	return rooms
}
