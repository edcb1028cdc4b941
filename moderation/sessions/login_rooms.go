package sessions

import (
	"slices"

	"usher/internal/guard"
	"usher/internal/jid"
	"usher/moderation"
	"usher/moderation/sessions/index"
)

// Touched is what a change of the sessions may have altered in rooms: what has to
// be compared there with what the sessions say now. It is returned to the maker of the
// change, which hands it on; the sessions themselves know nothing that changes rooms.
type Touched struct {
	Accounts []moderation.AssignmentKey // accounts in rooms; one may come twice
	Login    *moderation.Session        // of a login: every room in which it may change something ([Rooms.OfLogin])
	All      bool                       // every room
	Ended    []string                   // accounts, bare JIDs, of relay hosts that were revoked: their streams end
}

// LoginRooms are the rooms in which a login may change something.
type LoginRooms struct {
	Rooms          []string
	MembersOnly    []bool // of each: it only lets members in
	AnyMembersOnly bool   // some room does, perhaps none of these
}

// maxNamedRooms bounds the running rooms that are reconciled for a login at once: a
// token may name one that runs in any number of tenants.
const maxNamedRooms = 100

// namedRooms finds rooms that are there and that a session names; which of them it
// opens is for [moderation.Host.Opens] to say.
func namedRooms(s *core, h *moderation.Host, g *moderation.Session, named []index.RoomKey) []string {
	var jids []string
	tenant, anyTenant := "", !h.Tenants || g.Subject == "*"
	if !anyTenant {
		tenant, _ = jid.Tenant(g.Subject)
	}
	var list []string
	for _, key := range named {
		for _, domain := range h.MUC {
			jids = append(jids, key.Name+"@"+domain, "["+tenant+"]"+key.Name+"@"+domain)
		}
		if anyTenant {
			list = inAnyTenant(s, h, key.Name, list)
		}
	}
	return append(list, there(s, jids)...)
}

// inAnyTenant adds the rooms of a name in tenants.
func inAnyTenant(s *core, h *moderation.Host, name string, list []string) []string {
	s.mu.RLock()
	rooms := s.rooms.inTenants[name]
	s.mu.RUnlock()
	if len(list) >= maxNamedRooms {
		return list
	}
	return append(list, guard.Gather(&s.mu, rooms, maxNamedRooms-len(list), func(room string, _ bool) (string, bool) {
		name, err := moderation.ParseRoom(room)
		return room, err == nil && h.IsMUC(name.Domain)
	})...)
}

// there returns those of some rooms that are there.
func there(s *core, jids []string) []string {
	var list []string
	for part := range slices.Chunk(jids, guard.Portion) {
		s.mu.RLock()
		for _, jid := range part {
			if s.rooms.all[jid] != nil {
				list = append(list, jid)
			}
		}
		s.mu.RUnlock()
	}
	return list
}
