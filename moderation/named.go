package moderation

import (
	"slices"

	"usher/internal/jid"
)

// tenantRooms finds the rooms that are there and have a tenant, by what follows
// it in their names. The zero value is ready.
type tenantRooms map[string]map[string]bool // name → JIDs

// putRoom wants the lock.
func (s *Sessions) putRoom(r *roomState) {
	s.rooms[r.JID] = r
	name, err := ParseRoom(r.JID)
	if err != nil || name.Tenant == "" {
		return
	}
	if s.inTenants == nil {
		s.inTenants = tenantRooms{}
	}
	if s.inTenants[name.Name] == nil {
		s.inTenants[name.Name] = map[string]bool{}
	}
	s.inTenants[name.Name][r.JID] = true
}

// dropRoom wants the lock.
func (s *Sessions) dropRoom(room string) {
	delete(s.rooms, room)
	s.waits.wake(room, "")
	name, err := ParseRoom(room)
	if err != nil || name.Tenant == "" {
		return
	}
	if delete(s.inTenants[name.Name], room); len(s.inTenants[name.Name]) == 0 {
		delete(s.inTenants, name.Name)
	}
}

// maxNamedRooms bounds the running rooms that a login is brought in order in at
// once: a token may name one that runs in any number of tenants.
const maxNamedRooms = 100

// namedRooms finds rooms that are there and that a session names; which of them it
// opens is for [Host.opens] to say.
func (s *Sessions) namedRooms(h *Host, g *Session) []string {
	var jids []string
	tenant, anyTenant := "", !h.Tenants || g.Subject == "*"
	if !anyTenant {
		tenant, _ = jid.Tenant(g.Subject)
	}
	var list []string
	for i := range g.places.byRoom { // only the room's name: the rest is the lock's
		key := g.places.byRoom[i].room.roomIndexKey
		for _, domain := range h.MUC {
			jids = append(jids, key.name+"@"+domain, "["+tenant+"]"+key.name+"@"+domain)
		}
		if anyTenant {
			list = s.inAnyTenant(h, key.name, list)
		}
	}
	return append(list, s.there(jids)...)
}

// inAnyTenant adds the rooms of a name in tenants.
func (s *Sessions) inAnyTenant(h *Host, name string, list []string) []string {
	s.mu.RLock()
	rooms := s.inTenants[name]
	s.mu.RUnlock()
	if len(list) >= maxNamedRooms {
		return list
	}
	return append(list, gather(&s.mu, rooms, maxNamedRooms-len(list), func(room string, _ bool) (string, bool) {
		name, err := ParseRoom(room)
		return room, err == nil && h.isMUC(name.Domain)
	})...)
}

// there returns those of some rooms that are there.
func (s *Sessions) there(jids []string) []string {
	var list []string
	for part := range slices.Chunk(jids, portion) {
		s.mu.RLock()
		for _, jid := range part {
			if s.rooms[jid] != nil {
				list = append(list, jid)
			}
		}
		s.mu.RUnlock()
	}
	return list
}
