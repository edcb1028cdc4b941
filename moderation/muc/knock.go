package muc

import (
	"context"
	"time"

	"usher/lobby"
	"usher/moderation"
)

// closeWithin is how long a join waits for a room to let in nobody but members.
const closeWithin = 300 * time.Millisecond

// knock is for an account that is held back. In a room that only lets members in
// the room itself says so, in the words that clients understand as a lobby, and
// only usher's answer has to be a yes; but not if the room would let the account in.
// It reports whether that is so.
func (m *Service) knock(ctx context.Context, j *join, v *moderation.View, d *moderation.Decision) (heldByRoom bool) {
	room := v.Room.JID
	m.notifier.Knocked(room, v.User, j.nick, m.lobby.Knock(room, v.User, j.nick, v.Started))
	if !d.Waits || j.Host.Lobby.Mode() != lobby.MembersOnly {
		return false
	}
	if g := m.kept.Assignment(moderation.AssignmentKey{Room: room, JID: v.User}); g != nil &&
		g.Affiliation.Rank() >= moderation.Member.Rank() {
		m.effects.Joined(room, v.User) // what it was given has to be taken back first
		return false
	}
	if heldByRoom = m.awaitMembersOnly(ctx, v); heldByRoom {
		m.effects.Joined(room, v.User) // a moderator may have let it in: then it is seen there
	}
	return heldByRoom
}

// awaitMembersOnly reports whether a room is known to let in nobody but members now.
// For one that has just begun, or was not seen since the component is connected,
// it waits a moment.
func (m *Service) awaitMembersOnly(ctx context.Context, v *moderation.View) bool {
	connection := m.rooms.Connection()
	if _, seen := m.kept.MembersOnly(v.Room.JID, connection); seen || connection == 0 || !v.Started {
		return seen
	}
	m.effects.Urgent(v.Room.JID, v.User)
	ctx, cancel := context.WithTimeout(ctx, closeWithin)
	defer cancel()
	return m.kept.AwaitMembersOnly(ctx, v.Room.JID, connection)
}
