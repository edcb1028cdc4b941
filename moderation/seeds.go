package moderation

import (
	"slices"
	"time"

	"usher/lobby"
)

// MaxSeeded bounds the affiliations that a new room begins with. An account beyond
// it gets its own when it joins.
const MaxSeeded = 256

// A Candidate is an account that may be about to join a new room.
type Candidate struct {
	Sessions []Judged
	Listed   lobby.Standing // what the lobby's lists say
}

// Seeds are what the accounts are given with which a room begins by the rules of its
// host: those whose tokens
// open it, of the candidates; and if the room begins as members-only, where an
// account that would have to wait is given nothing, the members.
func Seeds(h *Host, room RoomName, candidates []Candidate, membersOnly bool, members []string,
	now time.Time) []*Assignment {
	var deciding []Decision
	for _, c := range candidates {
		d := h.bySessions(c.Sessions, &room, now)
		if d.Allowed && membersOnly {
			d = atLobby(h.Lobby.Mode(), d, true, c.Listed, true)
		}
		if d.Allowed && d.Affiliation != None {
			deciding = append(deciding, d)
		}
	}
	slices.SortFunc(deciding, func(a, b Decision) int { // owners first, and then the latest logins
		if c := b.Affiliation.Rank() - a.Affiliation.Rank(); c != 0 {
			return c
		}
		return b.Session.LoggedIn.Compare(a.Session.LoggedIn)
	})
	var list []*Assignment
	for _, d := range deciding[:min(len(deciding), MaxSeeded)] {
		list = append(list, &Assignment{Room: room.JID, JID: d.Session.JID(), Affiliation: d.Affiliation,
			Session: d.Session.ID, At: now})
	}
	for _, account := range members {
		// a token says more
		if !h.service[account] && !slices.ContainsFunc(list, func(g *Assignment) bool { return g.JID == account }) {
			list = append(list, &Assignment{Room: room.JID, JID: account, Affiliation: Member, Lobby: true, At: now})
		}
	}
	return list
}
