package signin

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/text/unicode/norm"

	"usher/internal/jid"
	"usher/internal/text"
	"usher/lobby"
)

const (
	maxRoom   = 512 // bytes of a room's name in an address, decoded
	maxTenant = 255
)

// A room is the one that a token is made for.
type room struct {
	tenant string // as sub names it; empty: none
	local  string // the localpart of the room that the page joins, after [tenant]
}

// roomOf finds the room that Jitsi's page joins by a name in its address. The page brings it into the
// compatibility form first, which usher does not do with a claim: what is minted is the result, and nothing else.
func roomOf(name, tenant string) (room, error) {
	switch {
	case name == "":
		return room{}, errors.New("no room is named (tokenAuthUrl has room={room})")
	case name == "*" || name == "." || name == "..":
		return room{}, fmt.Errorf("%q is no room", name)
	case len(name) > maxRoom || len(tenant) > maxTenant:
		return room{}, fmt.Errorf("the name of the room has %d bytes, of its tenant %d", len(name), len(tenant))
	case jid.SplitRoom(name).Tenant != "":
		return room{}, errors.New("the name of the room has a tenant in it")
	}
	if jid.HasEscape(name) {
		return room{}, fmt.Errorf("the name %q is percent-encoded twice", text.Name(name))
	}
	spelled, err := jid.Spell(norm.NFKC.String(name))
	if err != nil {
		return room{}, err
	}
	r := room{local: spelled.Encoded}
	if r.local == "" {
		r.local = spelled.Plain
	}
	if claim, err := jid.ReadClaim(r.claim()); err != nil || !slices.Equal(claim.Names(), []string{r.local}) {
		return room{}, fmt.Errorf("%q is more than one room, or none", r.local)
	}
	if tenant == "" {
		return r, nil
	}
	if tenant == "*" || tenant == "." || tenant == ".." { // the last two lead out of the page's path
		return room{}, fmt.Errorf("%q is no tenant", tenant)
	}
	r.tenant, err = jid.Tenant(tenant)
	if err == nil && jid.SplitRoom("["+r.tenant+"]"+r.local).Tenant != r.tenant {
		err = errors.New("no room can be of this tenant")
	}
	return r, err
}

// claim is the room claim that opens the room, and no other. It is a name, never a pattern.
func (r room) claim() string {
	if r.tenant == "" {
		return r.local
	}
	return "[" + r.tenant + "]" + r.local
}

// mayOpen says why a host's sign-in is not for a room; nil: it is.
func (h *host) mayOpen(r room) error {
	tenant := r.tenant
	if tenant == "" {
		tenant = h.name
	}
	if !slices.Contains(h.Tenants, tenant) && !slices.Equal(h.Tenants, []string{"*"}) {
		return fmt.Errorf("tenant %q is none of tenants", tenant)
	}
	if r.tenant == h.name {
		return errors.New("the host's own name is no tenant")
	}
	if h.rooms == nil {
		return nil
	}
	local := jid.SplitRoom(r.claim())
	is := func(p lobby.Pattern) bool { return p.Match(lobby.Room{JID: local.Local, Room: local}) }
	if !slices.ContainsFunc(h.rooms, is) {
		return fmt.Errorf("room %q is none of rooms", r.claim())
	}
	return nil
}

// subject is the sub of a token for the room.
func (h *host) subject(r room) string {
	if r.tenant == "" {
		return h.name
	}
	return r.tenant
}
