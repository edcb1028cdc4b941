// Package waits answers one question: has a room, or what an account is to it, become what a request waits for?
//
// It starts no goroutine. The lock is that of what is waited for: [Rooms.Wake] wants it held, [Rooms.Await] takes it.
package waits

import (
	"context"
	"time"

	"usher/internal/guard"
)

// Rooms are what waits for a change of a room, or of what an account is to it: as few as
// the requests and invitations that are under way.
type Rooms map[string]map[*waiter]bool // by room

type waiter struct {
	jid     string        // empty: whatever account
	changed chan struct{} // has place for one
}

// Wake wants the lock. It wakes what waits for a change of an account in a room; without
// an account, of the room itself: all that wait for anything there.
func (l Rooms) Wake(room, jid string) {
	for w := range l[room] {
		if jid != "" && w.jid != jid {
			continue
		}
		select {
		case w.changed <- struct{}{}:
		default:
		}
	}
}

// Await waits until ready says yes, or ctx ends. It takes the lock, for a moment; ready is
// asked without it, at each change of the account in the room or of the room, and after as
// long as it says itself (zero: only then).
func (l Rooms) Await(ctx context.Context, mu *guard.RWMutex, room, jid string,
	ready func() (yes bool, again time.Duration)) bool {
	w := &waiter{jid, make(chan struct{}, 1)}
	mu.Lock()
	if l[room] == nil {
		l[room] = map[*waiter]bool{}
	}
	l[room][w] = true
	mu.Unlock()
	defer func() {
		mu.Lock()
		defer mu.Unlock()
		if delete(l[room], w); len(l[room]) == 0 {
			delete(l, room)
		}
	}()
	for {
		yes, again := ready()
		if yes {
			return true
		}
		var later <-chan time.Time
		if again > 0 {
			later = time.After(again)
		}
		select {
		case <-ctx.Done():
			return false
		case <-w.changed:
		case <-later:
		}
	}
}
