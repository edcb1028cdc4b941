package muc

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"

	"usher/moderation"
)

const (
	beginningWithin = 500 * time.Millisecond // a join waits for at most two answers of its room
	maxBeginnings   = 16                     // rooms that are asked at the same time
	maxAskedRooms   = 64                     // those that wait for their turn included
	maxAsking       = 320                    // joins that wait for any answer: a class, and some more

	// The HTTP door has 1024 connections: others are answered meanwhile.
)

var errTooManyAsk = errors.New("too many joins ask whether their room is there; the next try may work")

// beginnings ask rooms how far they are. newBeginnings makes them.
type beginnings struct {
	rooms   Rooms
	turns   *semaphore.Weighted // a place for each room that is to be asked
	asked   *semaphore.Weighted // and for each that is asked now
	shared  singleflight.Group  // those questions, by room
	waiting atomic.Int32        // joins that wait for such a question
}

func newBeginnings(rooms Rooms) *beginnings {
	return &beginnings{rooms: rooms, turns: semaphore.NewWeighted(maxAskedRooms),
		asked: semaphore.NewWeighted(maxBeginnings)}
}

// ask asks a room how far it is, by one question at a time: after a restart of
// usher a whole class may join at once. A question that was asked before this join
// knows nothing of the room that Prosody may have made for it: if nobody was in the
// room by then, it is asked once more, for all who wait.
//
// Prosody serves others meanwhile (mod_muc_http_auth asks by its asynchronous HTTP
// client), also usher's component, and so gives the answer for which this waits. What
// waits holds a connection of the HTTP door: at the bound a join is refused at once.
func (b *beginnings) ask(ctx context.Context, room string) (moderation.Beginning, error) {
	if b.waiting.Add(1) > maxAsking {
		b.waiting.Add(-1)
		return moderation.Beginning{}, errTooManyAsk
	}
	defer b.waiting.Add(-1)
	begun, err, mine := b.share(ctx, room)
	if errors.Is(err, context.DeadlineExceeded) || !mine && !begun.Running {
		begun, err, _ = b.share(ctx, room)
	}
	return begun, err
}

// share waits for the question about the room that is under way, or asks.
func (b *beginnings) share(ctx context.Context, room string) (_ moderation.Beginning, err error, mine bool) {
	v, err, _ := b.shared.Do(room, func() (any, error) {
		mine = true
		return b.askNow(context.WithoutCancel(ctx), room) // for the others, too
	})
	return v.(moderation.Beginning), err, mine
}

func (b *beginnings) askNow(ctx context.Context, room string) (moderation.Beginning, error) {
	if !b.turns.TryAcquire(1) {
		return moderation.Beginning{}, errTooManyAsk
	}
	defer b.turns.Release(1)
	ctx, cancel := context.WithTimeout(ctx, beginningWithin)
	defer cancel()
	if b.asked.Acquire(ctx, 1) != nil {
		return moderation.Beginning{}, errTooManyAsk
	}
	defer b.asked.Release(1)
	return b.rooms.Beginning(ctx, room)
}

// ask asks a room whether it has begun before a join by an account that is not there
// yet, or says why that is not known.
func (m *Service) ask(ctx context.Context, room moderation.RoomName, user string) (running bool, why string) {
	b, err := m.beginnings.ask(ctx, room.JID)
	switch {
	case err != nil:
		return false, "whether the room is there cannot be told: " + err.Error()
	case b.Running:
		return true, ""
	case slices.Contains(b.Owners, user) && !m.isOwner(room.JID, user):
		m.unasked.Unannounced(ctx, room, user)
		m.effects.Joined(room.JID, user) // it is owner because it was the first who tried to come in
	}
	return false, "nobody is in the room"
}

// isOwner reports whether usher made an account an owner.
func (m *Service) isOwner(room, user string) bool {
	g := m.kept.Assignment(moderation.AssignmentKey{Room: room, JID: user})
	return g != nil && g.Affiliation == moderation.Owner
}

// notTold is why a room is not known to have begun where nobody can be asked.
const notTold = "nobody can tell whether the room is still there: Prosody has not asked about it " +
	"(mod_muc_http_defaults), and no component is connected"
