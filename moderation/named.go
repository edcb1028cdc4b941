package moderation

import "usher/internal/jid"

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

// namedRooms wants the lock. It finds rooms that are there and that a grant
// names; which of them it opens is for [hostRules.opens] to say.
func (s *Sessions) namedRooms(h *hostRules, g *Grant) []string {
	var list []string
	tenant := ""
	if h.Tenants && g.Subject != "*" {
		tenant, _ = jid.Tenant(g.Subject)
	}
	for _, key := range indexKeys(g) {
		for _, domain := range h.MUC {
			for _, room := range []string{key.name + "@" + domain, "[" + tenant + "]" + key.name + "@" + domain} {
				if s.rooms[room] != nil {
					list = append(list, room)
				}
			}
		}
		if h.Tenants && g.Subject != "*" {
			continue
		}
		for room := range s.inTenants[key.name] {
			if name, err := ParseRoom(room); err == nil && len(list) < maxNamedRooms && h.isMUC(name.Domain) {
				list = append(list, room)
			}
		}
	}
	return list
}
