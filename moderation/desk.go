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
	maxDeskRooms = 20   // of one moderator, where somebody waits
	maxSeenRooms = 1000 // whose moderators are remembered
)

// The errors of a moderator's decision.
var (
	ErrNotModerator = errors.New("only who is moderator in this room may do that")
	ErrNoComponent  = errors.New("there is no component to ask who is moderator")
)

// sawModerators remembers who was moderator, as a hint at whose rooms to look.
func (k *Keeper) sawModerators(room string, list []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.seen == nil || len(k.seen) >= maxSeenRooms {
		k.seen = map[string][]string{}
	}
	k.seen[room] = list
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

// DecideAs is [Sessions.Decide] by somebody who has to be moderator of the room
// now, by his bare JID.
func (s *Sessions) DecideAs(ctx context.Context, moderator, room, jid string, admit bool) error {
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
	return s.Decide(ctx, lobby.Verdict{Room: room, JID: jid, Admitted: admit, By: moderator})
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
