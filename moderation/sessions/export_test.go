package sessions

import (
	"testing"

	"usher/internal/guard"
)

// Lock is the one lock.
func (s *Sessions) Lock() *guard.RWMutex { return &s.mu }

// CheckIndexes compares the indexes with the sessions.
func (s *Sessions) CheckIndexes(t *testing.T) {
	t.Helper()
	s.mu.RLock()
	defer s.mu.RUnlock()
	byPrincipal, byJID, byRoom, rooms := 0, 0, 0, 0
	byPrincipal += len(s.index.byPrincipal.one)
	for who, g := range s.index.byPrincipal.one {
		if s.index.all[g.ID] != g || g.places.who != who || g.places.atWho != 0 || s.index.byPrincipal.many[who] != nil {
			t.Errorf("%s is the one of %x", g.JID(), who)
		}
	}
	for who, list := range s.index.byPrincipal.many {
		byPrincipal += len(list)
		for i, g := range list {
			if s.index.all[g.ID] != g || g.places.who != who || g.places.atWho != i {
				t.Errorf("%s is at %d of %x", g.JID(), i, who)
			}
		}
	}
	for host, of := range s.index.byAccount {
		for account, first := range of {
			for g := first; g != nil; g = g.places.next {
				if byJID++; s.index.all[g.ID] != g || g.account() != (accountKey{host, account}) {
					t.Errorf("%s is among those of %s at %s", g.JID(), account, host)
				}
			}
		}
	}
	for key, r := range s.index.byRoom {
		for _, first := range []*roomPlace{r.moderators, r.others} {
			for p := first; p != nil; p = p.before {
				if byRoom++; p.room != r || r.roomIndexKey != key || s.index.all[p.session.ID] != p.session || p.before != nil && p.before.later != p {
					t.Errorf("%s is among those of %v", p.session.JID(), key)
				}
			}
		}
	}
	for _, g := range s.index.all {
		rooms += len(g.places.byRoom)
	}
	if n := len(s.index.all); byPrincipal != n || byJID != n || byRoom != rooms {
		t.Errorf("%d sessions; %d by principal, %d by JID; %d rooms of %d", n, byPrincipal, byJID, byRoom, rooms)
	}
}
