package moderation

import (
	"fmt"
	"slices"
	"strings"

	"usher/internal/jid"
	"usher/internal/text"
	"usher/lobby"
)

// Bounds are what the tokens of an issuer may open, whatever they say. An empty
// list bounds nothing.
type Bounds struct {
	Tenants []string // as sub names them; the host's name is for rooms without a tenant
	Rooms   []string // patterns, as the lobby has them
}

// Bounded reports whether any list bounds something.
func (b Bounds) Bounded() bool { return len(b.Tenants)+len(b.Rooms) > 0 }

// excludes says why a room is none of an issuer's.
func (b *issuerBounds) excludes(issuer string, room RoomName, host string) (Reason, string) {
	switch {
	case b == nil:
	case len(b.tenants) > 0 && room.Tenant == "" && !b.tenants[host]:
		return ReasonTenantMismatch, fmt.Sprintf("the issuer may open rooms of %s only, and the room has no tenant; add %s "+
			"to tenants of issuer %q",
			strings.Join(b.Tenants, ", "), host, text.Name(issuer))
	case len(b.tenants) > 0 && room.Tenant != "" && !b.tenants[room.Tenant]:
		return ReasonTenantMismatch, fmt.Sprintf("the issuer may open rooms of %s only; add %q to tenants of issuer %q",
			strings.Join(b.Tenants, ", "), text.Name(room.Tenant), text.Name(issuer))
	case len(b.rooms) > 0 && !b.names(room):
		return ReasonRoomMismatch, fmt.Sprintf("the issuer may open the rooms %s only; add a pattern for %q to rooms of "+
			"issuer %q",
			strings.Join(b.Rooms, ", "), text.Name(room.Local), text.Name(issuer))
	}
	return "", ""
}

// issuerBounds are Bounds made ready.
type issuerBounds struct {
	Bounds
	tenants map[string]bool
	rooms   []lobby.Pattern
}

// boundsOf makes the bounds of a host's issuers ready.
func boundsOf(h HostPolicy) (map[string]*issuerBounds, error) {
	all := map[string]*issuerBounds{}
	for issuer, b := range h.Issuers {
		if !b.Bounded() {
			continue
		}
		ready := &issuerBounds{Bounds: b, tenants: map[string]bool{}}
		for _, text := range b.Tenants {
			tenant, err := jid.Tenant(text)
			if err != nil {
				return nil, fmt.Errorf("issuer %q: tenants: %w", issuer, err)
			}
			ready.tenants[tenant] = true
		}
		for _, text := range b.Rooms {
			pattern, err := lobby.ParsePattern(text)
			if err != nil {
				return nil, fmt.Errorf("issuer %q: rooms: %q: %w", issuer, text, err)
			}
			ready.rooms = append(ready.rooms, pattern)
		}
		all[issuer] = ready
	}
	return all, nil
}

func (b *issuerBounds) names(room RoomName) bool {
	return slices.ContainsFunc(b.rooms, func(p lobby.Pattern) bool { return p.Match(room.ForLobby()) })
}
