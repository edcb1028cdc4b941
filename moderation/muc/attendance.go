package muc

import (
	"slices"
	"sync"
)

const (
	maxAttendedBytes = 4 << 20 // of one generation
	maxAttendedOfOne = 8
	attendedOverhead = 200 // bytes of an account, about
)

// attendance remembers who was let into which main rooms: breakout rooms are
// open to who is in their main room, or was just before. It has two generations,
// and the older one goes when the younger is full. The zero value is ready.
type attendance struct {
	mu            sync.Mutex
	young, former map[string][]string // bare JID → main rooms, the last one last
	bytes         int                 // of young
}

func (a *attendance) add(user, room string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	rooms, isYoung := a.young[user]
	if !isYoung {
		rooms = a.former[user]
	}
	if isYoung && len(rooms) > 0 && rooms[len(rooms)-1] == room {
		return
	}
	next := slices.DeleteFunc(slices.Clone(rooms), func(r string) bool { return r == room })
	next = append(next[max(0, len(next)+1-maxAttendedOfOne):], room)
	size := sizeOf(user, next)
	if isYoung {
		size -= sizeOf(user, rooms)
	}
	if a.young == nil || a.bytes+size > maxAttendedBytes {
		a.young, a.former, a.bytes = map[string][]string{}, a.young, 0
		size = sizeOf(user, next)
	}
	a.young[user] = next
	a.bytes += size
}

func sizeOf(user string, rooms []string) int {
	n := attendedOverhead + len(user)
	for _, r := range rooms {
		n += len(r) + 16
	}
	return n
}

// of returns the main rooms that somebody was let into, the last one first.
func (a *attendance) of(user string) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	rooms, isYoung := a.young[user]
	if !isYoung {
		rooms = a.former[user]
	}
	rooms = slices.Clone(rooms)
	slices.Reverse(rooms)
	return rooms
}
