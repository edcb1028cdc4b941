package sessions

import (
	"context"
	"slices"

	"usher/metrics"
	"usher/moderation"
	"usher/moderation/sessions/index"
)

// The bounds of a search for accounts that may be about to join a new room: Prosody
// stands still for it, and a token for one room may be that of all sessions.
const (
	maxCandidates = 2 * moderation.MaxSeeded
	maxLookedAt   = 8 * moderation.MaxSeeded
)

// Candidates are the accounts whose tokens may open a new room for them and that are
// to be looked at before it begins, by the rules of its host: those that logged in
// last, moderators first, and those of expected (bare JIDs). The lobby's lists are
// looked at only if that is asked for.
func (s *Rooms) Candidates(h *moderation.Host, room moderation.RoomName, expected []string,
	lists bool) []moderation.Candidate {
	set := map[index.AccountKey]bool{}
	names := []string{room.Name, room.Local} // one and the same without a tenant
	for _, name := range slices.Compact(names) {
		for _, moderators := range []bool{true, false} {
			n := 0
			s.mu.RLock()
			last := s.index.LastOfRoom(index.RoomKey{Host: h.Host, Name: name}, moderators, maxLookedAt)
			s.mu.RUnlock()
			for _, g := range last {
				login := g.Unpack()
				if reason, _ := h.Opens(&login, room); reason != "" { // of another tenant, say
					continue
				}
				set[g.Account()] = true
				if n++; n == maxCandidates {
					break
				}
			}
		}
	}
	for _, jid := range expected {
		if k := index.AccountOf(jid); h.HasAccounts(k.Domain) { // the component may be another host's by now
			set[k] = true
		}
	}
	now := s.now()
	list := make([]moderation.Candidate, 0, len(set))
	for k := range set {
		var c moderation.Candidate
		s.mu.RLock()
		c.Sessions = s.viewLocked(k, now, h.Leeway)
		s.mu.RUnlock()
		if lists {
			c.Listed = s.lobby.Standing(room.ForLobby(), k.JID())
		}
		list = append(list, c)
	}
	return list
}

// Begin forgets what an earlier room of a name knew, and remembers what the new one
// begins with: seeds, but for what owners of the earlier one took away and for
// sessions that have ended meanwhile. It is written when Begin returns nil.
func (s *Rooms) Begin(ctx context.Context, room string,
	seeds []*moderation.Assignment) (begun []*moderation.Assignment, err error) {
	var changes []Change
	for more := true; more; {
		s.mu.Lock()
		if changes, more = s.assigned.forget(room, s.index, changes); !more {
			begun, changes = s.assigned.begin(seeds, s.index, s.rooms.renew(room, s.now(), changes))
		}
		s.mu.Unlock()
	}
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	return begun, s.apply(within, metrics.StateCreateRoom, changes...)
}
