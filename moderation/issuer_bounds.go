package moderation

import (
	"fmt"

	"usher/internal/jid"
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
