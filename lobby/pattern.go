package lobby

import (
	"errors"
	"fmt"
	"strings"
)

// A Room is a room as the lists know it.
type Room struct {
	JID    string // bare JID, as Prosody spells it
	Domain string // of the MUC component
	Name   string // canonical localpart
}

// A Pattern says for which rooms something holds: by canonical name, in which
// "*" stands for any text, or by a whole JID with such a name. The empty
// pattern is for all rooms, like "*". The zero value is the empty one.
type Pattern struct {
	text   string
	domain string   // empty: of any component
	parts  []string // what stands between the asterisks, canonical; nil: every name
}

const maxPattern = 1100 // bytes: a localpart and some

// ParsePattern reads a pattern. Names are brought into the canonical form by
// the given function; nil leaves them as they are.
func ParsePattern(text string, canonical func(string) (string, error)) (Pattern, error) {
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
	p.domain = strings.ToLower(domain)
	for part := range strings.SplitSeq(name, "*") {
		if part != "" && canonical != nil {
			c, err := canonical(part)
			if err != nil {
				return Pattern{}, fmt.Errorf("%q cannot be a part of a room's name: %w", part, err)
			}
			part = c
		}
		p.parts = append(p.parts, part)
	}
	return p, nil
}

// String returns the text that was parsed.
func (p Pattern) String() string { return p.text }

// Match reports whether the pattern is for a room.
func (p Pattern) Match(r Room) bool {
	if p.domain != "" && p.domain != r.Domain {
		return false
	}
	return p.parts == nil || matchParts(p.parts, r.Name)
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

// weight is how specific the pattern is: how much of the name it gives, and
// whether it gives all of it.
func (p Pattern) weight() int {
	n := 0
	for _, part := range p.parts {
		n += 2 * len(part)
	}
	if len(p.parts) == 1 {
		n++
	}
	return 4*n + 2*min(len(p.domain), 1) + min(len(p.parts), 1)
}
