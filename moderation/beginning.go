package moderation

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"
)

const (
	beginningWithin = 500 * time.Millisecond // a join waits for at most two answers of its room
	maxBeginnings   = 16                     // rooms that are asked at the same time
	maxAskedRooms   = 64                     // those that wait for their turn included
	maxAsking       = 320                    // joins that wait for any answer: a class, and some more

	// The HTTP door has 512 connections: others are answered meanwhile.
)

// begins is about rooms that begin without Prosody having asked usher what they
// begin with (mod_muc_http_defaults is missing, or a room has emptied since its
// guests were let in): Prosody makes its creator an owner before it asks about the
// join. So a guest is let into a room only that is known to be there, and nobody
// waits at the lobby of another.
func (m *Service) begins(ctx context.Context, h *Host, room RoomName, user string, d Decision) Decision {
	_, domain, _ := strings.Cut(user, "@")
	isGuest := h.guests[domain]
	if h.service[user] || !isGuest && domain != h.Host {
		return d
	}
	running, why := m.isRunning(ctx, room, user)
	switch {
	case running:
	case isGuest && (d.Allowed || d.Waits):
		return Decision{Reason: ReasonNotStarted, Detail: why, Affiliation: None, Listed: d.Listed, Knocks: d.Knocks}
	default:
		d.Waits = false // a new room would hold nobody back
	}
	return d
}

// isRunning reports whether a room is known to have begun before a join. Where
// Prosody asks about new rooms memory tells; else the room is asked.
func (m *Service) isRunning(ctx context.Context, room RoomName, user string) (running bool, why string) {
	if m.rooms.Connection() == 0 {
		return m.sessions.wasMade(room), "nobody can tell whether the room is still there: Prosody has not asked about it (mod_muc_http_defaults), and no component is connected"
	}
	if m.unasked.Made(room.Domain) {
		return true, ""
	}
	switch b, err := m.beginnings.ask(ctx, room.JID); {
	case err != nil:
		return false, "whether the room is there cannot be told: " + err.Error()
	case b.Running:
		return true, ""
	case slices.Contains(b.Owners, user) && !m.sessions.isOwner(room.JID, user):
		m.unannounced(ctx, room, user)
	}
	return false, "nobody is in the room"
}

var errTooManyAsk = errors.New("too many joins ask whether their room is there; the next try may work")

// beginnings ask rooms how far they are. The zero value with its rooms is no use:
// see newBeginnings.
type beginnings struct {
	rooms   AskedRooms
	turns   *semaphore.Weighted // a place for each room that is to be asked
	asked   *semaphore.Weighted // and for each that is asked now
	shared  singleflight.Group  // those questions, by room
	waiting atomic.Int32        // joins that wait for such a question
}

func newBeginnings(rooms AskedRooms) *beginnings {
	return &beginnings{rooms: rooms, turns: semaphore.NewWeighted(maxAskedRooms), asked: semaphore.NewWeighted(maxBeginnings)}
}

// ask asks a room how far it is, by one question at a time: after a restart of
// usher a whole class may join at once. A question that was asked before this join
// knows nothing of the room that Prosody may have made for it: if nobody was in the
// room by then, it is asked once more, for all who wait.
//
// Prosody serves others meanwhile (mod_muc_http_auth asks by its asynchronous HTTP
// client), also usher's component, and so gives the answer for which this waits. What
// waits holds a connection of the HTTP door: at the bound a join is refused at once.
func (b *beginnings) ask(ctx context.Context, room string) (Beginning, error) {
	if b.waiting.Add(1) > maxAsking {
		b.waiting.Add(-1)
		return Beginning{}, errTooManyAsk
	}
	defer b.waiting.Add(-1)
	begun, err, mine := b.share(ctx, room)
	if !mine && !begun.Running {
		begun, err, _ = b.share(ctx, room)
	}
	return begun, err
}

// share waits for the question about the room that is under way, or asks.
func (b *beginnings) share(ctx context.Context, room string) (_ Beginning, err error, mine bool) {
	v, err, _ := b.shared.Do(room, func() (any, error) {
		mine = true
		return b.askNow(context.WithoutCancel(ctx), room) // for the others, too
	})
	return v.(Beginning), err, mine
}

func (b *beginnings) askNow(ctx context.Context, room string) (Beginning, error) {
	if !b.turns.TryAcquire(1) {
		return Beginning{}, errTooManyAsk
	}
	defer b.turns.Release(1)
	ctx, cancel := context.WithTimeout(ctx, beginningWithin)
	defer cancel()
	if b.asked.Acquire(ctx, 1) != nil {
		return Beginning{}, errTooManyAsk
	}
	defer b.asked.Release(1)
	return b.rooms.Beginning(ctx, room)
}

// wasMade reports whether Prosody asked usher about the room when it began, or asks
// about rooms at all.
func (s *Sessions) wasMade(room RoomName) bool {
	s.mu.RLock()
	r := s.rooms[room.JID]
	made := r != nil && r.Made
	s.mu.RUnlock()
	return made || s.unasked.EverMade(room.Domain)
}

// isOwner reports whether usher made an account an owner.
func (s *Sessions) isOwner(room, user string) bool {
	g := s.given(room, user)
	return g != nil && g.Affiliation == Owner
}

// unannounced has a room looked at in which an account is owner because it was the
// first who tried to come in.
func (m *Service) unannounced(ctx context.Context, room RoomName, user string) {
	if m.unasked.Unannounced(room.Domain, room.JID, user) {
		m.sessions.tellMissing(ctx, room.Domain)
	}
	m.effects.Joined(room.JID, user)
}
