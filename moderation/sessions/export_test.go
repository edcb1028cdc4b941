package sessions

import (
	"slices"
	"strings"
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
		for _, first := range []*roomPlace{r.moderators.first, r.others.first} {
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
	keys, tokens := 0, 0
	for _, n := range s.index.keys {
		keys += n
	}
	for token, g := range s.index.byToken {
		for ; g != nil; g = g.places.nextToken {
			if tokens++; s.index.all[g.ID] != g || tokenID(g.TokenPrint) != token {
				t.Errorf("%s is among those of a token", g.JID())
			}
		}
	}
	for i, g := range s.index.due {
		if s.index.all[g.ID] != g || int(g.places.atDue) != i || i > 0 && s.index.due[(i-1)/2].places.due > g.places.due {
			t.Errorf("%s is due at %d", g.JID(), i)
		}
	}
	for _, g := range s.index.all {
		if g.User != "" {
			tokens--
		}
		if !g.Anonymous {
			keys--
		}
	}
	if keys != 0 || tokens != 0 || len(s.index.due) != len(s.index.all) {
		t.Errorf("%d by key and %d by token are too many; %d of %d are due", keys, tokens, len(s.index.due), len(s.index.all))
	}
	if n := len(s.index.all); byPrincipal != n || byJID != n || byRoom != rooms {
		t.Errorf("%d sessions; %d by principal, %d by JID; %d rooms of %d", n, byPrincipal, byJID, byRoom, rooms)
	}
}

// Order is the order that the indexes have, in words.
func (s *Sessions) Order() (list []string) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for domain, of := range s.index.byAccount {
		for account, g := range of {
			var text strings.Builder
			text.WriteString(account + "@" + domain + ":")
			for ; g != nil; g = g.places.next {
				text.WriteString(" " + g.TokenPrint[28:])
			}
			list = append(list, text.String())
		}
	}
	for key, r := range s.index.byRoom {
		for name, of := range map[string]placeList{"moderators": r.moderators, "others": r.others} {
			var text strings.Builder
			text.WriteString(key.name + " " + name + ":")
			for p := of.first; p != nil; p = p.before {
				text.WriteString(" " + p.session.TokenPrint[28:])
			}
			list = append(list, text.String())
		}
	}
	for host, ids := range s.index.wildcards {
		var text strings.Builder
		text.WriteString(host + ":")
		for _, id := range ids {
			if g := s.index.all[id]; g != nil {
				text.WriteString(" " + g.TokenPrint[28:])
			}
		}
		list = append(list, text.String())
	}
	slices.Sort(list)
	return list
}
