package reconcile

import (
	"context"
	"errors"
	"sync"
	"time"

	"usher/moderation"
	"usher/moderation/sessions"
	"usher/moderation/unasked"
)

const (
	roundEvery  = 30 * time.Second
	roundFactor = 200 // how much longer than a round the pause after it is, at the least
	roundRooms  = 50  // of one component
	roundWithin = 10 * time.Second
	roomPause   = 5 * time.Millisecond // between two rooms
)

// A watch looks who is in rooms of which Prosody did not tell usher: where Prosody does
// not ask about joins nothing else would show it.
type watch struct {
	rooms    Rooms
	sessions *sessions.Sessions
	unasked  *unasked.Reporter
	now      chan struct{} // a round is due

	mu         sync.Mutex
	connection uint64 // on which rooms are watched
}

func newWatch(rooms Rooms, s *sessions.Sessions, u *unasked.Reporter) *watch {
	return &watch{rooms: rooms, sessions: s, unasked: u, now: make(chan struct{}, 1)}
}

// connected has a round made at once, on a new connection.
func (w *watch) connected(connection uint64) {
	w.beginAnew(connection)
	select {
	case w.now <- struct{}{}:
	default:
	}
}

// beginAnew forgets what was seen on another connection.
func (w *watch) beginAnew(connection uint64) {
	w.mu.Lock()
	anew := w.connection != connection
	w.connection = connection
	w.mu.Unlock()
	if anew {
		w.unasked.Connected(connection)
	}
}

// run makes rounds until ctx ends.
func (w *watch) run(ctx context.Context) {
	pause := time.NewTimer(0)
	defer pause.Stop()
	next := 0 // of the rooms that were looked at before
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.now:
		case <-pause.C:
		}
		began := time.Now()
		if connection := w.rooms.Connection(); connection != 0 {
			w.beginAnew(connection)
			for _, muc := range w.sessions.Policy().MUCs() {
				next += w.round(ctx, muc, next)
			}
		}
		w.unasked.Count()
		pause.Reset(max(roundEvery, roundFactor*time.Since(began)))
	}
}

// round lists the rooms of a component, and looks at some. It returns at how many.
func (w *watch) round(ctx context.Context, muc string, next int) (looked int) {
	ctx, cancel := context.WithTimeout(ctx, roundWithin)
	defer cancel()
	// A list of all rooms makes Prosody read those that it keeps: it is asked for at
	// first, and where people log in and Prosody asks about no join.
	all := w.unasked.Unlisted(muc) || w.unasked.Silent(muc) && w.sessions.Any()
	rooms, isAll, err := w.rooms.ListRooms(ctx, muc, all)
	if err != nil {
		return 0 // the component says so itself, or the next round is better
	}
	rooms = w.unasked.Listed(muc, rooms, isAll)
	for i := range min(len(rooms), roundRooms) {
		room := rooms[i]
		if len(rooms) > roundRooms && i >= roundRooms/2 { // the last half goes round
			room = rooms[roundRooms/2+(next+i)%(len(rooms)-roundRooms/2)]
		}
		if !w.look(ctx, muc, room) {
			return looked
		}
		if looked++; !pauseFor(ctx, roomPause) {
			return looked
		}
	}
	return looked
}

// look notes who is in a room, and reports whether it could be asked.
func (w *watch) look(ctx context.Context, muc, room string) bool {
	occupants, err := w.rooms.Occupants(ctx, room)
	switch {
	case errors.Is(err, moderation.ErrNoRoom):
		w.unasked.Gone(muc, room)
	case err != nil:
		return false
	default:
		w.unasked.Saw(ctx, muc, room, occupants)
	}
	return true
}

// pauseFor waits, and reports whether ctx has not ended meanwhile.
func pauseFor(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
