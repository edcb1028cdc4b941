package moderation

import (
	"context"
	"testing"
)

// Attend lets a keeper do what it is asked to, while it looks at no room by itself.
func (k *Keeper) Attend(t testing.TB) {
	ctx, cancel := context.WithCancel(t.Context())
	k.group.Open(ctx)
	t.Cleanup(func() { cancel(); k.group.Close() })
}

// Attend lets a notifier send what it is asked to.
func (n *Notifier) Attend(t testing.TB) {
	ctx, cancel := context.WithCancel(t.Context())
	n.group.Open(ctx)
	t.Cleanup(func() { cancel(); n.group.Close() })
}

// NewSmallSessions is NewSessions with limits that are smaller by a factor, but
// for those of one account.
func NewSmallSessions(ctx context.Context, store Store, p *Policy, o Options, factor int) (*Sessions, error) {
	b := usualLimits()
	for _, n := range []*int{&b.grants, &b.ofPrincipal, &b.fair, &b.givens, &b.rooms, &b.names, &b.revocations, &b.expelled, &b.asked.Rooms, &b.asked.Accounts} {
		*n /= factor
	}
	return newSessions(ctx, store, p, o, b)
}

// HasToLeave reports whether an account is to be taken out of a room.
func (s *Sessions) HasToLeave(room, jid string) bool {
	g := s.given(room, jid)
	return g != nil && g.End == EndRevoked
}

// KnownRooms returns every room that somebody may be in.
func (s *Sessions) KnownRooms() []string { return s.knownRooms() }

// CheckIndexes compares the indexes with the sessions.
func (s *Sessions) CheckIndexes(t *testing.T) {
	t.Helper()
	s.mu.RLock()
	defer s.mu.RUnlock()
	byPrincipal, byJID, byRoom, rooms := 0, 0, 0, 0
	byPrincipal += len(s.byPrincipal.one)
	for who, g := range s.byPrincipal.one {
		if s.grants[g.ID] != g || g.places.who != who || g.places.atWho != 0 || s.byPrincipal.many[who] != nil {
			t.Errorf("%s is the one of %x", g.JID(), who)
		}
	}
	for who, list := range s.byPrincipal.many {
		byPrincipal += len(list)
		for i, g := range list {
			if s.grants[g.ID] != g || g.places.who != who || g.places.atWho != i {
				t.Errorf("%s is at %d of %x", g.JID(), i, who)
			}
		}
	}
	for _, list := range s.byJID {
		byJID += len(list)
	}
	for key, r := range s.byRoom {
		for _, first := range []*roomPlace{r.moderators, r.others} {
			for p := first; p != nil; p = p.before {
				if byRoom++; p.room != r || r.roomIndexKey != key || s.grants[p.grant.ID] != p.grant || p.before != nil && p.before.later != p {
					t.Errorf("%s is among those of %v", p.grant.JID(), key)
				}
			}
		}
	}
	for _, g := range s.grants {
		rooms += len(g.places.byRoom)
	}
	if n := len(s.grants); byPrincipal != n || byJID != n || byRoom != rooms {
		t.Errorf("%d sessions; %d by principal, %d by JID; %d rooms of %d", n, byPrincipal, byJID, byRoom, rooms)
	}
}
