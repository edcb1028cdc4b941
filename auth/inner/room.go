package inner

import (
	"slices"
	"strings"

	"usher/internal/jid"
)

const (
	all = "*" // as room and as sub: every one

	// nothing is no room's and no tenant's name: no localpart has a slash.
	nothing = "/"
)

// subject is the inner sub: what Prosody compares with a room's tenant. It is never the
// token's own text, which may be spelled in many ways.
func subject(r *Rules, sub string) string {
	switch tenant, err := jid.Tenant(sub); {
	case !r.Tenants || sub == all:
		return all
	case jid.LowerASCII(sub) == r.Host:
		return r.Host
	case err != nil || !inRoom(tenant): // it opens no tenant
		return nothing
	default:
		return tenant
	}
}

// inRoom reports whether a tenant can be part of a room's name.
func inRoom(tenant string) bool {
	prepared, err := jid.Nodeprep(tenant)
	return err == nil && prepared == tenant && !strings.Contains(tenant, "]") && len(tenant) <= maxTenant
}

// maxTenant is the longest tenant, in bytes: it is a label of a domain.
const maxTenant = 255

// roomNames are what a token's room claim opens, as far as one text can say it.
type roomNames struct {
	many  bool       // more than one room
	names []roomName // otherwise: the one room, in each spelling; none: no room
}

// A roomName is a localpart that a claim opens.
type roomName struct {
	jid.Room
	whole bool // in no other tenant: the claim begins with one
}

// readRooms reads a room claim. Regular expressions are usher's own, and Prosody would
// take them for Lua patterns.
func readRooms(rooms []string, regex bool) roomNames {
	if rooms == nil || regex || slices.Contains(rooms, all) {
		return roomNames{many: true}
	}
	var r roomNames
	for _, text := range rooms {
		claim, err := jid.ReadClaim(text)
		if err != nil {
			continue // it opens nothing
		}
		if len(r.names) > 0 && len(rooms) > 1 {
			r.many = r.many || !slices.Equal(r.names, namesOf(text, claim))
			continue
		}
		r.names = namesOf(text, claim)
	}
	if r.many {
		r.names = nil
	}
	return r
}

func namesOf(text string, claim jid.Claim) []roomName {
	var list []roomName
	whole := jid.SplitRoom(text).Tenant != ""
	for _, name := range claim.Names() {
		list = append(list, roomName{jid.SplitRoom(name), whole})
	}
	return list
}

// claim is the inner room: one room if the token opens exactly that, or if of its two
// spellings the address has one; else every room. The gateway decides each join: this
// is the lock behind it.
func (r roomNames) claim(rules *Rules, sub, room, tenant string) string {
	switch {
	case r.many:
		return all
	case len(r.names) == 0:
		return nothing
	case len(r.names) == 1:
		return r.names[0].claim(rules, sub)
	}
	local := room
	if tenant != "" {
		local = "[" + jid.LowerASCII(tenant) + "]" + room
	}
	address := jid.SplitRoom(local)
	i := slices.IndexFunc(r.names, func(n roomName) bool { return n.is(address) })
	if i < 0 || !opensTenant(rules, sub, address.Tenant) {
		return all
	}
	return r.names[i].claim(rules, sub)
}

func (n roomName) is(address jid.Room) bool {
	if n.whole {
		return n.Local == address.Local
	}
	return n.Local == address.Name
}

func opensTenant(rules *Rules, sub, tenant string) bool {
	if tenant == "" {
		tenant = rules.Host
	}
	return sub == all || sub == tenant
}

// claim is how Prosody has the room compared: without the tenant, which is compared
// with sub, or, where it does not look at sub, as a whole; then a name without a tenant
// would open the rooms of every tenant that are called so.
func (n roomName) claim(rules *Rules, sub string) string {
	switch {
	case rules.DomainVerification:
		return n.Name
	case n.Tenant == "" && sub != all && sub != rules.Host && sub != nothing:
		return "[" + sub + "]" + n.Local
	}
	return n.Local
}
