package muc

import (
	"context"
	"time"

	"usher/moderation"
)

// BeforeJoin is told that a user, a bare JID, is about to join a room, a bare JID as the
// client wrote it; Prosody is told when it returns. The role is computed as the user
// comes in, so by then the user is to the room what the token says, or will be when
// Prosody makes the room. It returns when that is done, or when ctx ends; then it is done
// meanwhile. The decision is by the token and the lobby's lists alone: unless refusedFor
// has its reason, the question that follows decides.
func (m *Service) BeforeJoin(ctx context.Context, user, room string) moderation.Decision {
	name, h, err := m.sessions.Policy().Find(room)
	if err != nil || h.IsBreakout(name.Domain) {
		return moderation.Decision{}
	}
	m.unasked.Hear(name.Domain, name.JID)
	if m.sessions.Await(ctx) != nil {
		return moderation.Decision{}
	}
	v := m.sessions.View(h, user, name)
	d := h.Standing(v)
	if !d.Allowed || d.Session == nil || d.Affiliation == moderation.None {
		return d
	}
	if d.Session.Wildcard() { // the others are found by the room's name
		m.pending.add(name.JID, account{d.Session.Host, d.Session.Account}, m.now())
	}
	if v.Known && !m.kept.Assignment(moderation.AssignmentKey{Room: name.JID, JID: user}).Fulfils(d) {
		m.effects.BeforeJoin(ctx, name.JID, user)
	}
	return d
}

// refusedFor are the reasons that nothing can change between the gateway and Prosody's
// question, and from which nothing follows: the gateway may answer.
func refusedFor(r moderation.Reason) bool {
	switch r {
	case moderation.ReasonNoSession, moderation.ReasonSessionEnded, moderation.ReasonKeyRemoved, moderation.ReasonRoomMismatch,
		moderation.ReasonRoomSpelling, moderation.ReasonTenantMismatch, moderation.ReasonLobbyDenied:
		return true
	}
	return false
}

// BeforeJoin is told of a join where Prosody asks about it afterwards. It returns the reason
// for which it is refused at once, because the module that asks has an answer that clients
// read as a question for a password; empty: the join goes on.
func (g *Gateway) BeforeJoin(ctx context.Context, user, room string) (refused string) {
	d := g.Service.BeforeJoin(ctx, user, room)
	if d.Allowed || !refusedFor(d.Reason) {
		return ""
	}
	g.Service.conclude(ctx, g.Log, question{door: doorGateway, user: user, room: room}, d)
	return string(d.Reason)
}

// giveWithin bounds how long a join that the gateway sees waits for its affiliation.
const giveWithin = 200 * time.Millisecond

// give has an account be in the room what a decision says before Prosody is told of the join:
// the role is computed, and a room for members closed to it, as it comes in.
func (m *Service) give(ctx context.Context, j *join, d *moderation.Decision) {
	if !d.Allowed || d.Affiliation == moderation.None || j.Breakout {
		return
	}
	given := m.kept.Assignment(moderation.AssignmentKey{Room: j.JID, JID: j.user})
	if d.Session != nil && given.Fulfils(*d) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, giveWithin)
	defer cancel()
	m.effects.BeforeJoin(ctx, j.JID, j.user)
}
