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
	// Moderators are those of them alone whose role that is.
	Moderators(ctx context.Context, room string) ([]moderation.Occupant, error)
}

// A moderator is an account that moderates a room now.
type moderator struct {
	account string   // bare JID
	owner   bool     // and not by its role alone
	clients []client // that are in the room
}

// A client is one of an account's in a room.
type client struct{ full, nick string }

const maxClients = 4 // of one moderator that are remembered of an answer

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
func (r *roster) moderators(ctx context.Context, room string) (list []moderator, inside []string, err error) {
	h, err := r.hostOf(room)
	if err != nil {
		return nil, nil, err
	}
	occupants, err := r.rooms.Occupants(ctx, room)
	if err != nil {
		return nil, nil, err
	}
	for _, o := range occupants {
		inside = append(inside, o.JID)
	}
	return r.read(h, room, occupants), inside, nil
}

func (r *roster) hostOf(room string) (*moderation.Host, error) {
	name, err := moderation.ParseRoom(room)
	if err != nil {
		return nil, err
	}
	if h := r.sessions.Policy().HostOf(name.Domain); h != nil {
		return h, nil
	}
	return nil, moderation.ErrNoRoom
}

// read finds the moderators among the occupants of a room, and remembers them.
func (r *roster) read(h *moderation.Host, room string, occupants []moderation.Occupant) (list []moderator) {
	var accounts []string
	for _, o := range occupants {
		if o.Role != moderation.RoleModerator || h.IsService(o.JID) {
			continue
		}
		i := slices.Index(accounts, o.JID)
		if i < 0 {
			i = len(list)
			accounts, list = append(accounts, o.JID), append(list, moderator{account: o.JID})
		}
		m := &list[i]
		m.owner = m.owner || o.Affiliation == moderation.Owner
		if strings.Contains(o.Full, "/") && len(m.clients) < maxClients {
			m.clients = append(m.clients, client{o.Full, o.Nick})
		}
	}
	r.remember(room, accounts)
	return list
}

// owns asks the room whether an account is in it as its owner, and moderates it.
func (r *roster) owns(ctx context.Context, room, account string) (bool, error) {
	h, err := r.hostOf(room)
	if err != nil {
		return false, err
	}
	occupants, err := r.rooms.Moderators(ctx, room)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(r.read(h, room, occupants), func(m moderator) bool {
		return m.owner && m.account == account
	}), nil
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
	return slices.ContainsFunc(list, func(m moderator) bool { return m.account == jid }), err
}
