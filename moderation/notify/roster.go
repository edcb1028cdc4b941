package notify

import (
	"context"
	"slices"
	"strings"
	"sync"

	"usher/internal/bounded"
	"usher/moderation"
	"usher/moderation/sessions"
)

const (
	maxSeenRooms  = 1000 // whose moderators are remembered
	maxSeenOfRoom = 64   // of them; assignments tell those that a token made
)

// Occupants says who is in a room.
type Occupants interface {
	Occupants(ctx context.Context, room string) ([]moderation.Occupant, error)
}

// A roster asks rooms who moderates them, and remembers what they said, as a hint at
// the rooms of a moderator.
type roster struct {
	sessions *sessions.Sessions
	rooms    Occupants

	mu   sync.Mutex
	seen bounded.Map[string, []string] // by room: who was moderator
}

func newRoster(s *sessions.Sessions, rooms Occupants) *roster {
	return &roster{sessions: s, rooms: rooms, seen: bounded.Map[string, []string]{Most: maxSeenRooms}}
}

// moderators returns the accounts that moderate a room now, but for service accounts,
// and all that are in it.
func (r *roster) moderators(ctx context.Context, room string) (list, inside []string, err error) {
	name, err := moderation.ParseRoom(room)
	if err != nil {
		return nil, nil, err
	}
	h := r.sessions.Policy().HostOf(name.Domain)
	if h == nil {
		return nil, nil, moderation.ErrNoRoom
	}
	occupants, err := r.rooms.Occupants(ctx, room)
	if err != nil {
		return nil, nil, err
	}
	for _, o := range occupants {
		inside = append(inside, o.JID)
		if o.Role == moderation.RoleModerator && !h.IsService(o.JID) && !slices.Contains(list, o.JID) {
			list = append(list, o.JID)
		}
	}
	r.remember(room, list)
	return list, inside, nil
}

func (r *roster) remember(room string, list []string) {
	few := make([]string, 0, min(len(list), maxSeenOfRoom))
	for _, account := range list[:min(len(list), maxSeenOfRoom)] {
		few = append(few, strings.Clone(account)) // and not the stanza that it stood in
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen.Put(room, few)
}

// mayModerate hints, from memory alone, at whether an account moderates a room.
func (r *roster) mayModerate(room, jid string) bool {
	r.mu.Lock()
	seen, _ := r.seen.Get(room)
	r.mu.Unlock()
	if slices.Contains(seen, jid) {
		return true
	}
	g := r.sessions.Rooms().Assignment(moderation.AssignmentKey{Room: room, JID: jid})
	return g != nil && g.Affiliation == moderation.Owner
}

// moderates asks the room whether an account moderates it.
func (r *roster) moderates(ctx context.Context, room, jid string) (bool, error) {
	list, _, err := r.moderators(ctx, room)
	return slices.Contains(list, jid), err
}
