package lobby

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"usher/internal/jid"
)

// A Room is a room as the lists know it.
type Room struct {
	JID      string // bare JID, as Prosody spells it
	Domain   string // of the MUC component
	jid.Room        // the localpart, split once
}

// A Pattern says for which rooms something holds: by name, in which "*" stands
// for any text, or by a whole JID with such a name. A name is compared with what
// follows the tenant in a room's name, and so is for every tenant; one that
// begins with "[tenant]", in which "*" stands for any, is for that tenant. The
// empty pattern is for all rooms, like "*". The zero value is the empty one.
type Pattern struct {
	text   string
	domain string     // empty: of any component
	tenant []string   // what stands between the asterisks of [tenant]; nil: rooms of any tenant, or of none
	names  [][]string // the same of the name, in each spelling; nil: every name
	weight int        // how specific it is
}

const maxPattern = 1100 // bytes: a localpart and some

// ParsePattern reads a pattern. Its name is spelled as [jid.Spell] spells the
// rooms of a token.
func ParsePattern(text string) (Pattern, error) {
	p := Pattern{text: text}
	if text == "" {
		return p, nil
	}
	name, domain, found := strings.Cut(text, "@")
	switch {
	case len(text) > maxPattern:
		return Pattern{}, fmt.Errorf("it has over %d bytes", maxPattern)
	case name == "" || found && domain == "" || strings.ContainsAny(domain, "@/*") || strings.Contains(name, "/"):
		return Pattern{}, errors.New("it is neither the name of a room nor name@component; * stands for any text")
	}
	p.domain = jid.LowerASCII(domain)
	p.weight = weigh(name, p.domain)
	name, err := p.readTenant(name)
	if err != nil {
		return Pattern{}, err
	}
	plain, encoded, err := jid.SpellParts(strings.Split(name, "*"))
	if err != nil {
		return Pattern{}, err
	}
	for _, parts := range [][]string{plain, encoded} {
		if parts != nil && !slices.ContainsFunc(p.names, func(other []string) bool { return slices.Equal(parts, other) }) {
			p.names = append(p.names, parts)
		}
	}
	return p, nil
}

// readTenant reads the tenant that a name begins with, if it does, and returns
// what follows it.
func (p *Pattern) readTenant(name string) (rest string, err error) {
	switch {
	case strings.HasPrefix(name, "*") && strings.Contains(name, "]"):
		return "", errors.New("a name is for every tenant already: write board-*, or [acme]board-* for one tenant")
	case !strings.HasPrefix(name, "["):
		return name, nil
	}
	tenant, rest, found := strings.Cut(name[1:], "]")
	if !found || tenant == "" || rest == "" {
		return "", errors.New("a tenant is written [tenant]name: [acme]* for all its rooms")
	}
	for part := range strings.SplitSeq(tenant, "*") {
		if part != "" {
			if part, err = jid.Tenant(part); err != nil {
				return "", err
			}
		}
		p.tenant = append(p.tenant, part)
	}
	return rest, nil
}

// String returns the text that was parsed.
func (p Pattern) String() string { return p.text }

// Match reports whether the pattern is for a room.
func (p Pattern) Match(r Room) bool {
	switch {
	case p.domain != "" && p.domain != r.Domain:
		return false
	case p.tenant != nil && (r.Tenant == "" || !matchParts(p.tenant, r.Tenant)):
		return false
	}
	return p.names == nil || slices.ContainsFunc(p.names, func(parts []string) bool { return matchParts(parts, r.Name) })
}

// matchParts takes the first and last part as anchors, and of the others each
// the first place that is left: with * as the only wildcard that finds a match
// if there is one, in linear time.
func matchParts(parts []string, name string) bool {
	if len(parts) == 1 {
		return name == parts[0]
	}
	name, found := strings.CutPrefix(name, parts[0])
	if !found {
		return false
	}
	last := len(parts) - 1
	for _, part := range parts[1:last] {
		_, after, found := strings.Cut(name, part)
		if !found {
			return false
		}
		name = after
	}
	return strings.HasSuffix(name, parts[last])
}

// weigh is how specific a pattern is: how much of the name it gives, and
// whether it gives all of it.
func weigh(name, domain string) int {
	n := 2 * (len(name) - strings.Count(name, "*"))
	if !strings.Contains(name, "*") {
		n++
	}
	return 4*n + 2*min(len(domain), 1) + 1
}

// CutComponent cuts a pattern of rooms into the name and the component, in lower
// case, if it has one.
func CutComponent(pattern string) (name, component string, found bool) {
	name, component, found = strings.Cut(pattern, "@")
	return name, jid.LowerASCII(component), found
}

// Foreign reports whether a pattern of rooms is for a component that is none of
// these: no room could ever fit.
func Foreign(pattern string, mucs []string) bool {
	_, component, found := CutComponent(pattern)
	return found && !slices.Contains(mucs, component)
}
