package muc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"usher/internal/bounded"
	"usher/internal/text"
	"usher/moderation"
)

const (
	maxMainRooms   = 10_000
	mainRoomWithin = time.Second
)

// mainRooms remembers which room a breakout room belongs to.
type mainRooms struct {
	mu    sync.Mutex
	known bounded.Map[string, string]
}

func newMainRooms() *mainRooms {
	return &mainRooms{known: bounded.Map[string, string]{Most: maxMainRooms}}
}

func (m *mainRooms) get(room string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	main, _ := m.known.Get(room)
	return main
}

func (m *mainRooms) put(room, main string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.known.Put(room, main)
}

func (m *mainRooms) forget(room string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.known.Delete(room)
}

// throughMain remembers through which main room an account came into a breakout room.
func (m *Service) throughMain(user, room, main string) { m.through.put(user+" "+room, main) }

// inMain has a join of a breakout room be one of the main room that the account came through, as who is in the breakout
// room keeps that started. It reports false where that is not known: after a restart.
func (m *Service) inMain(j *join) bool {
	main, err := moderation.ParseRoom(m.through.get(j.user + " " + j.JID))
	if err == nil {
		j.RoomName = main
	}
	return err == nil
}

// mainOf returns the main room by which a join of a breakout room is decided:
// with a component that whose breakout room it is, if the account is an occupant
// there or was let in before; without one the last main room that the account
// was let into and that is open to it still. A client leaves the main room before
// it joins, so having been let in counts.
func (m *Service) mainOf(ctx context.Context, h *moderation.Host, user string, room moderation.RoomName) (
	moderation.RoomName, error) {
	attended := m.attended.rooms(user)
	if m.alone {
		return m.lastMain(h, user, attended)
	}
	ctx, cancel := context.WithTimeout(ctx, mainRoomWithin)
	defer cancel()
	main, err := m.mainRoom(ctx, h, room)
	if err != nil {
		return moderation.RoomName{}, err
	}
	if slices.Contains(attended, main.JID) || m.wasGiven(main.JID, user) {
		return main, nil
	}
	in, err := m.rooms.Occupants(ctx, main.JID) // after a restart usher has forgotten the joins
	switch {
	case err != nil:
		return moderation.RoomName{}, fmt.Errorf("who is in the main room cannot be told: %w", err)
	case !slices.ContainsFunc(in, func(o moderation.Occupant) bool { return o.JID == user }):
		return moderation.RoomName{}, fmt.Errorf("the account is not in the main room %q, and was not",
			text.Name(main.JID))
	}
	return main, nil
}

// lastMain finds the last main room of a host that an account was let into and
// that is open to it.
func (m *Service) lastMain(h *moderation.Host, user string, attended []string) (moderation.RoomName, error) {
	for _, address := range attended {
		name, err := moderation.ParseRoom(address)
		if err == nil && h.IsMUC(name.Domain) && h.Standing(m.sessions.View(h, user, name)).Allowed {
			return name, nil
		}
	}
	return moderation.RoomName{}, errors.New("the account was in no main room that is open to it, and there is no " +
		"component to ask whose breakout room it is")
}

// wasGiven reports whether the account is something to a room because it was
// let in there: assignments outlive a restart.
func (m *Service) wasGiven(room, user string) bool {
	g := m.kept.Assignment(moderation.AssignmentKey{Room: room, JID: user})
	return g != nil && g.End == ""
}

// mainRoom finds out whose breakout room it is by asking the room itself, whose
// configuration says so (Jitsi's mod_muc_breakout_rooms).
func (m *Service) mainRoom(ctx context.Context, h *moderation.Host, room moderation.RoomName) (
	moderation.RoomName, error) {
	main := m.mains.get(room.JID)
	if main == "" {
		var err error
		if main, err = m.rooms.MainRoom(ctx, room.JID); err != nil {
			return moderation.RoomName{}, fmt.Errorf("the main room cannot be told: %w", err)
		}
		m.mains.put(room.JID, main)
	}
	name, host, err := m.sessions.Policy().Find(main)
	if err != nil {
		return moderation.RoomName{}, err
	}
	if host.Host == h.Host && h.IsMUC(name.Domain) {
		return name, nil
	}
	return moderation.RoomName{}, fmt.Errorf("the main room %q is none of this host", text.Name(main))
}
