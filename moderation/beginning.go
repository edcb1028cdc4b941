package moderation

import (
	"context"
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
	select {
	case k.beginnings <- struct{}{}:
		defer func() { <-k.beginnings }()
	default:
		return false, "too many joins ask whether their room is there"
	}
	ctx, cancel := context.WithTimeout(ctx, beginningWithin)
	defer cancel()
	switch b, err := k.rooms.Beginning(ctx, room.JID, user); {
	case err != nil:
		return false, "whether the room is there cannot be told: " + err.Error()
	case b == Running:
		return true, ""
	case b == Owned && !s.isOwner(room.JID, user):
		s.unannounced(ctx, room, user)
	}
	return false, "nobody is in the room"
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
