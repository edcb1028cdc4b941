package moderation

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	maxMainRooms   = 10_000
	mainRoomWithin = time.Second
)

// mainRooms remembers which room a breakout room belongs to. The zero value is
// ready.
type mainRooms struct {
	mu    sync.Mutex
	known map[string]string
}

func (m *mainRooms) get(room string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.known[room]
}

func (m *mainRooms) put(room, main string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known == nil || len(m.known) >= maxMainRooms {
		m.known = map[string]string{}
	}
	m.known[room] = main
}

func (m *mainRooms) forget(room string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.known, room)
}

// mainRoom finds out, by asking the room itself (Jitsi's
// mod_muc_breakout_rooms tells it in disco#info), whose breakout room it is.
func (s *Sessions) mainRoom(ctx context.Context, h *hostRules, room RoomName) (RoomName, error) {
	main := s.mains.get(room.JID)
	if main == "" {
		k := s.keeper.Load()
		if k == nil {
			return RoomName{}, errors.New("there is no component to ask for the main room")
		}
		ctx, cancel := context.WithTimeout(ctx, mainRoomWithin)
		defer cancel()
		var err error
		if main, err = k.rooms.MainRoom(ctx, room.JID); err != nil {
			return RoomName{}, fmt.Errorf("the main room cannot be told: %w", err)
		}
		s.mains.put(room.JID, main)
	}
	name, host, err := s.policy.Load().find(main)
	if err != nil {
		return RoomName{}, err
	}
	if host.Host == h.Host && h.isMUC(name.Domain) {
		return name, nil
	}
	return RoomName{}, fmt.Errorf("the main room %q is none of this host", clip(main))
}
