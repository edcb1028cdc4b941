package moderation

import (
	"context"
	"errors"
	"slices"
	"strings"

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
// or by the only MUC component.
func (s *Sessions) FindRoom(name string) (string, error) {
	if strings.Contains(name, "@") {
		r, err := ParseRoom(name)
		return r.JID, err
	}
	canonical, err := canonicalRoom(name)
	if err != nil {
		return "", err
	}
	found := map[string]bool{}
	p := s.policy.Load()
	for _, jid := range append(s.knownRooms(), s.lobby.KnockedRooms()...) {
		if r, err := ParseRoom(jid); err == nil && r.name == canonical && p.byRoom[r.Domain] != nil {
			found[jid] = true
		}
	}
	if len(found) == 0 {
		for _, h := range p.hosts {
			for _, domain := range h.MUC {
				found[canonical+"@"+domain] = true
			}
		}
	}
	list := sorted(found)
	if len(list) != 1 {
		return "", errors.New("write the room's whole address: room@component")
	}
	return list[0], nil
}
