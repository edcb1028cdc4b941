package moderation

import (
	"context"
	"errors"
	"strings"
	"time"
)

const (
	beginningWithin = time.Second // a join waits for what the room says
	maxBeginnings   = 16          // joins that ask at the same time
)

// begins is about rooms that begin without Prosody having asked usher what they
// begin with (mod_muc_http_defaults is missing, or a room has emptied since its
// guests were let in): Prosody makes its creator an owner before it asks about the
// join. So a guest is let into a room only that is known to be there, and nobody
// waits at the lobby of another.
func (s *Sessions) begins(ctx context.Context, h *hostRules, room RoomName, user string, d Decision) Decision {
	_, domain, _ := strings.Cut(user, "@")
	isGuest := h.guests[domain]
	if h.service[user] || !isGuest && domain != h.Host {
		return d
	}
	running, why := s.isRunning(ctx, room, user)
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
func (s *Sessions) isRunning(ctx context.Context, room RoomName, user string) (running bool, why string) {
	k := s.keeper.Load()
	if k == nil || k.rooms.Connection() == 0 {
		return s.wasMade(room), "nobody can tell whether the room is still there: Prosody has not asked about it (mod_muc_http_defaults), and no component is connected"
	}
	if s.unasked.Made(room.Domain) {
		return true, ""
	}
	switch b, err := k.beginning(ctx, room.JID, user); {
	case err != nil:
		return false, "whether the room is there cannot be told: " + err.Error()
	case b == Running:
		return true, ""
	case b == Owned && !s.isOwner(room.JID, user):
		s.unannounced(ctx, room, user)
	}
	return false, "nobody is in the room"
}

// beginning asks a room how far it is. All who wait for that at the same time share
// one answer: after a restart of usher a whole class may join at once. What depends
// on the account each asks for itself.
func (k *Keeper) beginning(ctx context.Context, room, account string) (Beginning, error) {
	mine := false
	b, err, _ := k.begun.Do(room, func() (any, error) {
		mine = true
		return k.askBeginning(context.WithoutCancel(ctx), room, account) // for the others, too
	})
	if shared := b.(Beginning); mine || err == nil && shared == Running {
		return shared, err
	}
	return k.askBeginning(ctx, room, account)
}

func (k *Keeper) askBeginning(ctx context.Context, room, account string) (Beginning, error) {
	ctx, cancel := context.WithTimeout(ctx, beginningWithin)
	defer cancel()
	select {
	case k.beginnings <- struct{}{}:
		defer func() { <-k.beginnings }()
	case <-ctx.Done():
		return Empty, errors.New("too many joins ask whether their room is there")
	}
	return k.rooms.Beginning(ctx, room, account)
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
func (s *Sessions) unannounced(ctx context.Context, room RoomName, user string) {
	if s.unasked.Unannounced(room.Domain, room.JID, user) {
		s.tellMissing(ctx, room.Domain)
	}
	s.touch(room.JID, user)
}
