package sessions

import (
	"slices"
	"strings"
	"testing"

	"usher/auth"
	"usher/internal/guard"
	"usher/moderation/sessions/index"
)

// Lock is the one lock.
func (s *Sessions) Lock() *guard.RWMutex { return &s.mu }

// DropAfter drops the revocation of a principal as the sweep does that has found it over, if it is still that one once
// something has been done in between.
func (s *Sessions) DropAfter(p auth.Principal, between func()) bool {
	id := index.PrincipalOf(p)
	s.mu.RLock()
	v := s.revoked.byID[id]
	s.mu.RUnlock()
	between()
	return s.dropRevocation(id, v) != nil
}

// ExtendAfter is DropAfter of one that has to last for longer.
func (s *Sessions) ExtendAfter(p auth.Principal, between func()) bool {
	id := index.PrincipalOf(p)
	s.mu.RLock()
	v := s.revoked.byID[id]
	s.mu.RUnlock()
	between()
	return s.extendRevocation(id, v, v.Expires.Add(1)) != nil
}

func (s *Sessions) all() []*index.Session {
	return index.Gather(&s.mu, s.index, 0, func(g *index.Session) (*index.Session, bool) { return g, true })
}

// CheckIndexes compares the indexes with the sessions.
func (s *Sessions) CheckIndexes(t *testing.T) {
	t.Helper()
	all := s.all()
	s.mu.RLock()
	defer s.mu.RUnlock()
	if len(all) != s.index.Len() {
		t.Errorf("%d of %d sessions", len(all), s.index.Len())
	}
	sources := map[index.Source]bool{}
	for _, g := range all {
		login := g.Unpack()
		if !s.index.Has(g) || s.index.Get(login.ID) != g {
			t.Errorf("%s is not there", g.JID())
		}
		for name, list := range map[string][]*index.Session{
			"account":   slices.Collect(s.index.OfAccount(g.Account())),
			"principal": s.index.OfPrincipal(index.PrincipalOf(login.Principal())),
			"token":     s.index.WithToken(login.TokenPrint),
		} {
			if login.Anonymous && name == "token" {
				continue // it has none
			}
			if n := len(list); n != len(slices.Compact(list)) || !slices.Contains(list, g) {
				t.Errorf("%s is not among the %d of its %s", g.JID(), n, name)
			}
		}
		if n := s.index.CountOfPrincipal(g.Principal()); n != len(s.index.OfPrincipal(g.Principal())) {
			t.Errorf("%d are counted of the principal of %s", n, g.JID())
		}
		keys := index.RoomKeys(&login)
		if n := len(s.index.RoomsOf(g)); n != len(keys) {
			t.Errorf("%s names %d rooms of %d", g.JID(), n, len(keys))
		}
		for _, key := range keys {
			if !slices.Contains(s.index.LastOfRoom(key, login.Moderator, len(all)), g) {
				t.Errorf("%s is not among those of %v", g.JID(), key)
			}
		}
		sources[index.Source{Host: login.Host, Domain: login.Domain, Issuer: login.Issuer, KeyID: login.KeyID, KeyPrint: login.KeyPrint, Node: login.Node, Anonymous: login.Anonymous}] = true
	}
	if n := len(s.index.Sources(&guard.RWMutex{})); n != len(sources) {
		t.Errorf("%d sources, of %d", n, len(sources))
	}
}

// Order is the order that the indexes have, in words.
func (s *Sessions) Order() []string {
	accounts, rooms, wildcards := map[index.AccountKey]bool{}, map[index.RoomKey]bool{}, map[string]bool{}
	all := s.all()
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, g := range all {
		accounts[g.Account()], wildcards[g.Host()] = true, true
		for _, key := range s.index.RoomsOf(g) {
			rooms[key] = true
		}
	}
	var list []string
	say := func(what string, of []*index.Session) {
		for _, g := range of {
			what += " " + g.Unpack().TokenPrint[28:]
		}
		list = append(list, what)
	}
	for k := range accounts {
		say(k.JID()+":", slices.Collect(s.index.OfAccount(k)))
	}
	for key := range rooms {
		say(key.Name+" moderators:", s.index.LastOfRoom(key, true, len(all)))
		say(key.Name+" others:", s.index.LastOfRoom(key, false, len(all)))
	}
	for host := range wildcards {
		say(host+":", s.index.Wildcards(host))
	}
	slices.SortFunc(list, strings.Compare)
	return list
}
