package jid

import (
	"slices"
	"strings"
)

// A Room is a room's localpart, split once as Jitsi's plugins split it
// (extract_subdomain in its util.lib.lua).
type Room struct {
	Local  string // as Prosody spells it
	Tenant string // of "[tenant]name", or empty
	Name   string // what follows the tenant, or all of it
}

// SplitRoom splits a localpart by ^\[([^\]]+)\](.+)$.
func SplitRoom(local string) Room {
	if strings.HasPrefix(local, "[") {
		tenant, name, found := strings.Cut(local[1:], "]")
		if found && tenant != "" && name != "" {
			return Room{local, tenant, name}
		}
	}
	return Room{Local: local, Name: local}
}

// A Claim is the name of a room in a token, made ready for comparing. The zero
// value opens nothing.
type Claim struct {
	whole    Spelled
	inTenant bool    // it is "[tenant]name"
	tenant   string  // of such a claim; empty if its text names none
	name     Spelled // what follows it there
}

// ReadClaim reads the name of a room. One without a tenant is compared with what
// follows the tenant in a room's name, one that begins with "[tenant]" with all
// of it. In the latter the tenant is a label of a domain, and is not spelled as
// rooms are. The error is always a [*SpellingError].
func ReadClaim(text string) (Claim, error) {
	var c Claim
	var err error
	c.whole, err = Spell(text)
	r := SplitRoom(text)
	if c.inTenant = r.Tenant != ""; !c.inTenant {
		return c, err
	}
	tenant, badTenant := Tenant(r.Tenant)
	name, badName := Spell(r.Name)
	if badTenant == nil && badName == nil {
		c.tenant, c.name = tenant, name
		return c, nil
	}
	return c, err
}

// Opens reports whether the claim names a room.
func (c Claim) Opens(r Room) bool {
	if !c.inTenant {
		return c.whole.Is(r.Name)
	}
	return c.tenant != "" && c.tenant == r.Tenant && c.name.Is(r.Name) || c.whole.Is(r.Local)
}

// Names returns the localparts that the claim opens; of a claim without a
// tenant, they follow any tenant.
func (c Claim) Names() []string {
	list := c.whole.appendTo(nil, "")
	if c.tenant != "" {
		list = c.name.appendTo(list, "["+c.tenant+"]")
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// DroppedByJitsi returns the characters of a name that Jitsi's page drops from
// a link's path unless they are percent-encoded there (_ROOM_EXCLUDE_PATTERN in
// its uri.ts), each once.
func DroppedByJitsi(name string) string {
	var dropped []rune
	for _, c := range name {
		if strings.ContainsRune(`:?#[]@!$&'()*+,;=></"`, c) && !strings.ContainsRune(string(dropped), c) {
			dropped = append(dropped, c)
		}
	}
	return string(dropped)
}
