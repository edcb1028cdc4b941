package muc

import (
	"context"
	"slices"

	"usher/internal/text"
	"usher/moderation"
)

// Create answers Prosody's question about a room that is about to be created:
// the affiliations that it begins with, by bare JID. They are those of the
// accounts whose tokens name the room, and of those that are known to be about to
// join it; its creator is not asked for, and is nothing to it by that. What an
// earlier room of this name knew is forgotten, but not what its owners took
// away.
func (m *Service) Create(ctx context.Context, room string) (map[string]moderation.Affiliation, moderation.Decision) {
	p, err := m.sessions.Policy().Place(room)
	if err != nil {
		return nil, moderation.Refuse(moderation.ReasonMalformedRequest, "%v; look at what asks %s", err,
			moderation.CreatePath)
	}
	if p.Host == nil {
		return nil, moderation.Refuse(moderation.ReasonUnknownRoom,
			"%q is none of the MUC components under hosts; add it to muc or breakout of its host, "+
				"or take muc_http_defaults out of that component in Prosody", text.Name(p.Domain))
	}
	if !p.Breakout {
		if refused, ok := m.await(ctx, m.sessions.Await); !ok {
			return nil, refused
		}
	}
	failed := m.guard.begin(room, m.now())
	m.unasked.Began(p.Domain, p.JID)
	if p.Breakout {
		m.mains.forget(p.JID)
		return map[string]moderation.Affiliation{}, moderation.Decision{Allowed: true}
	}
	seeds, err := m.kept.Begin(ctx, p.JID, m.seeds(p.Host, p.RoomName))
	if err != nil {
		return nil, moderation.Refuse(moderation.ReasonStateUnavailable,
			"the state cannot be written; look at the file that state names, and whether its disk is full")
	}
	if failed {
		seeds = ownersOf(seeds)
	}
	affiliations := make(map[string]moderation.Affiliation, len(seeds))
	for _, g := range seeds {
		affiliations[g.JID] = g.Affiliation
	}
	return affiliations, moderation.Decision{Allowed: true}
}

// ownersOf is what is left of an answer that came to nothing. Prosody gives up a
// room if it cannot set one of its affiliations, and it cannot make a member of
// an account that its own configuration names as an admin. The others get theirs a
// moment later.
func ownersOf(seeds []*moderation.Assignment) []*moderation.Assignment {
	return slices.DeleteFunc(seeds, func(g *moderation.Assignment) bool { return g.Affiliation != moderation.Owner })
}

// seeds are what the accounts are given with which a room begins.
func (m *Service) seeds(h *moderation.Host, room moderation.RoomName) []*moderation.Assignment {
	var members []string
	membersOnly := m.lobby != nil && h.BeginsMembersOnly(room)
	if membersOnly {
		members = m.lobby.Members(room.ForLobby(), moderation.MaxSeeded)
	}
	now := m.now()
	var expected []string
	for _, a := range m.pending.of(room.JID, now) {
		expected = append(expected, a.name+"@"+a.host)
	}
	return moderation.Seeds(h, room, m.kept.Candidates(h, room, expected, membersOnly), membersOnly, members, now)
}
