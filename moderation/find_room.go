package moderation

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"usher/internal/jid"
)

// FindRoom returns the bare JID of the room that somebody means by a name: that of the
// one in known, bare JIDs of rooms that are there, or else at the only MUC component.
// A name without a tenant finds a room of a tenant, if there is no other. Of a whole
// address it returns what Prosody calls the room. The error says what to write instead.
func (p *Policy) FindRoom(name string, known []string) (string, error) {
	if strings.Contains(name, "@") {
		r, _, err := p.Find(name)
		return r.JID, err
	}
	claim, err := jid.ReadClaim(name)
	if err != nil {
		return "", err
	}
	exact, inTenants := p.meantBy(claim, known)
	for _, found := range []map[string]bool{exact, inTenants, p.possible(claim)} {
		if list := slices.Sorted(maps.Keys(found)); len(list) == 1 {
			return list[0], nil
		} else if len(list) > 1 {
			return "", fmt.Errorf("write the room's whole address: %s", strings.Join(list[:min(len(list), 4)], " or "))
		}
	}
	return "", errors.New("there is no MUC component under hosts")
}

// meantBy returns the rooms that have a name, and those that have it in a tenant.
func (p *Policy) meantBy(claim jid.Claim, known []string) (exact, inTenants map[string]bool) {
	exact, inTenants = map[string]bool{}, map[string]bool{}
	for _, address := range known {
		switch r, err := ParseRoom(address); {
		case err != nil || p.byRoom[r.Domain] == nil || !claim.Opens(r.Room):
		case slices.Contains(claim.Names(), r.Local):
			exact[address] = true
		default:
			inTenants[address] = true
		}
	}
	return exact, inTenants
}

// possible returns what a room of a name is called at each MUC component.
func (p *Policy) possible(claim jid.Claim) map[string]bool {
	set := map[string]bool{}
	for _, h := range p.hosts {
		for _, domain := range h.MUC {
			for _, local := range claim.Names() {
				set[local+"@"+domain] = true
			}
		}
	}
	return set
}
