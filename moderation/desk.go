package moderation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"usher/internal/jid"
	"usher/lobby"
)

// A Waiter is somebody who waits in a lobby.
type Waiter = lobby.Knock

const (
	maxDeskRooms  = 20   // of one moderator, where somebody waits
	maxSeenRooms  = 1000 // whose moderators are remembered
	maxSeenOfRoom = 64   // of them; the ledger knows those that a token made
)

// The errors of a moderator's decision.
var (
	ErrNotModerator     = errors.New("only who is moderator in this room may do that")
	ErrNoComponent      = errors.New("there is no component to ask who is moderator")
	ErrNobodyWaits      = lobby.ErrNotWaiting
	ErrTooManyDecisions = lobby.ErrTooMany
)

// sawModerators remembers who was moderator, as a hint at whose rooms to look.
func (k *Keeper) sawModerators(room string, list []string) {
	few := make([]string, 0, min(len(list), maxSeenOfRoom))
	for _, account := range list[:min(len(list), maxSeenOfRoom)] {
		few = append(few, strings.Clone(account)) // and not the stanza that it stood in
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.seen == nil {
		k.seen = map[string][]string{}
	}
	for other := range k.seen { // any
		if len(k.seen) < maxSeenRooms || k.seen[room] != nil {
			break
		}
		delete(k.seen, other)
	}
	k.seen[room] = few
}

// MayModerate hints, from memory alone, at whether an account is moderator of a
// room, or, for "", of any room where somebody waits. Only the room knows.
func (s *Sessions) MayModerate(account, room string) bool {
	k := s.keeper.Load()
	switch {
	case k == nil || s.lobby == nil:
		return false
	case room != "":
		return k.mayModerate(room, account)
	}
	return slices.ContainsFunc(s.lobby.KnockedRooms(), func(room string) bool { return k.mayModerate(room, account) })
}

// Knocks reports, from memory alone, whether an account waits in a room or was
// decided about there: only such a one can be decided about.
func (s *Sessions) Knocks(room, account string) bool {
	return s.lobby != nil && s.lobby.Knocked(room, account)
}

// mayModerate hints at whether somebody is moderator of a room.
func (k *Keeper) mayModerate(room, jid string) bool {
	k.mu.Lock()
	hint := slices.Contains(k.seen[room], jid)
	k.mu.Unlock()
	if hint {
		return true
	}
	g := k.sessions.given(room, jid)
	return g != nil && g.Affiliation == Owner
}

// isModerator asks the room.
func (k *Keeper) isModerator(ctx context.Context, room, jid string) (bool, error) {
	list, _, err := k.moderators(ctx, room)
	return slices.Contains(list, jid), err
}

// Waiting returns who waits in rooms where somebody, by his bare JID, is
// moderator now.
func (s *Sessions) Waiting(ctx context.Context, moderator string) ([]Waiter, error) {
	k := s.keeper.Load()
	if k == nil || s.lobby == nil {
		return nil, ErrNoComponent
	}
	waiting := []Waiter{}
	n := 0
	for _, room := range s.lobby.KnockedRooms() {
		if !k.mayModerate(room, moderator) {
			continue
		}
		if n++; n > maxDeskRooms {
			break
		}
		switch is, err := k.isModerator(ctx, room, moderator); {
		case errors.Is(err, ErrNoRoom):
		case err != nil:
			return nil, err
		case is:
			waiting = append(waiting, s.lobby.Knocks(room)...)
		}
	}
	return waiting, nil
}

// DecideAs is [Sessions.Decide] by an account that has to be moderator of the room
// now, about accounts that wait there. All of them are bare JIDs.
func (s *Sessions) DecideAs(ctx context.Context, moderator, room string, accounts []string, admit bool) error {
	k := s.keeper.Load()
	if k == nil || s.lobby == nil {
		return ErrNoComponent
	}
	if name, _, err := s.policy.Load().find(room); err == nil {
		room = name.JID // a client may know it by its tenant's address
	}
	is, err := k.isModerator(ctx, room, moderator)
	switch {
	case errors.Is(err, ErrNoRoom), err == nil && !is:
		return ErrNotModerator
	case err != nil:
		return err
	}
	var list []lobby.Verdict
	for _, account := range accounts {
		list = append(list, lobby.Verdict{Room: room, JID: account, Admitted: admit, By: moderator})
	}
	return s.decideAll(ctx, list)
}

// FindRoom completes a room's name: by who knocks, by the rooms that are there,
// or by the only MUC component. A name without a tenant finds one that is there
// in a tenant, if there is no other. Of a whole address it returns what Prosody
// calls the room.
func (s *Sessions) FindRoom(name string) (string, error) {
	p := s.policy.Load()
	if strings.Contains(name, "@") {
		r, _, err := p.find(name)
		return r.JID, err
	}
	claim, err := jid.ReadClaim(name)
	if err != nil {
		return "", err
	}
	exact, inTenants, possible := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, address := range append(s.knownRooms(), s.lobby.KnockedRooms()...) {
		switch r, err := ParseRoom(address); {
		case err != nil || p.byRoom[r.Domain] == nil || !claim.Opens(r.Room):
		case slices.Contains(claim.Names(), r.Local):
			exact[address] = true
		default:
			inTenants[address] = true
		}
	}
	for _, h := range p.hosts {
		for _, domain := range h.MUC {
			for _, local := range claim.Names() {
				possible[local+"@"+domain] = true
			}
		}
	}
	for _, found := range []map[string]bool{exact, inTenants, possible} {
		if list := sorted(found); len(list) == 1 {
			return list[0], nil
		} else if len(list) > 1 {
			return "", fmt.Errorf("write the room's whole address: %s", strings.Join(list[:min(len(list), 4)], " or "))
		}
	}
	return "", errors.New("there is no MUC component under hosts")
}
