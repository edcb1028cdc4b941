package reconcile

import (
	"context"
	"errors"
	"time"

	"usher/moderation"
)

const (
	watchEvery   = 30 * time.Second
	watchFactor  = 200 // how much longer than a round the rest after it is, at the least
	watchLooks   = 50  // rooms of one component that a round looks at
	watchWithin  = 10 * time.Second
	watchBetween = 5 * time.Millisecond // two looks
)

// watch looks who is in rooms of which nobody told usher, until ctx ends: where
// Prosody does not ask about joins nothing else would show it.
func (k *Keeper) watch(ctx context.Context) {
	wait := time.NewTimer(0)
	defer wait.Stop()
	next := 0 // of the rooms that were looked at before
	for {
		select {
		case <-ctx.Done():
			return
		case <-k.watchNow:
		case <-wait.C:
		}
		began := time.Now()
		if connection := k.rooms.Connection(); connection != 0 {
			k.beginAnew(connection)
			for _, muc := range k.sessions.Policy().MUCs() {
				next += k.round(ctx, muc, next)
			}
		}
		k.unasked.Count()
		wait.Reset(max(watchEvery, watchFactor*time.Since(began)))
	}
}

// beginAnew forgets what was seen anew on another connection.
func (k *Keeper) beginAnew(connection uint64) {
	k.mu.Lock()
	anew := k.watched != connection
	k.watched = connection
	k.mu.Unlock()
	if anew {
		k.unasked.Connected(connection)
	}
}

// round lists the rooms of a component, and looks at some.
func (k *Keeper) round(ctx context.Context, muc string, next int) (looked int) {
	ctx, cancel := context.WithTimeout(ctx, watchWithin)
	defer cancel()
	// A list of all rooms makes Prosody read those that it keeps: it is asked for at
	// first, and where people log in and Prosody asks about no join.
	all := k.unasked.Unlisted(muc) || k.unasked.Silent(muc) && k.sessions.Any()
	rooms, isAll, err := k.rooms.ListRooms(ctx, muc, all)
	if err != nil {
		return 0 // the component says so itself, or the next round is better
	}
	look := k.unasked.Listed(muc, rooms, isAll)
	for i := range min(len(look), watchLooks) {
		room := look[i]
		if len(look) > watchLooks && i >= watchLooks/2 { // the last half goes round
			room = look[watchLooks/2+(next+i)%(len(look)-watchLooks/2)]
		}
		occupants, err := k.rooms.Occupants(ctx, room)
		switch {
		case errors.Is(err, moderation.ErrNoRoom):
			k.unasked.Gone(muc, room)
		case err != nil:
			return looked
		default:
			k.unasked.Saw(ctx, muc, room, occupants)
		}
		looked++
		if !rest(ctx, watchBetween) {
			return looked
		}
	}
	return looked
}

func rest(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
