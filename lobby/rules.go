package lobby

import (
	"cmp"
	"slices"
)

// A Mode says how an account is held back.
type Mode string

// The modes of lobby.enforce.
const (
	MembersOnly Mode = "members-only" // the room itself refuses who is no member (XEP-0045 section 7.2.6)
	Gate        Mode = "gate"         // usher refuses the join
)

// Rules say in which rooms the lobby is on, and how it is enforced. A nil
// *Rules has no lobby anywhere. They are immutable.
type Rules struct {
	mode  Mode
	rooms []roomRule // the most specific first
}

type roomRule struct {
	Pattern
	on bool
}

// NewRules makes rules ready. Of several patterns that are for a room the most
// specific decides: the one that gives more letters of the name.
func NewRules(mode Mode, rooms map[string]bool) (*Rules, error) {
	r := &Rules{mode: mode}
	for text, on := range rooms {
		p, err := ParsePattern(text)
		if err != nil {
			return nil, err
		}
		r.rooms = append(r.rooms, roomRule{p, on})
	}
	slices.SortFunc(r.rooms, func(a, b roomRule) int {
		return cmp.Or(b.weight-a.weight, cmp.Compare(a.text, b.text))
	})
	return r, nil
}

// On reports whether the lobby of a room is on by the configuration.
func (r *Rules) On(room Room) bool {
	if r == nil {
		return false
	}
	for _, rule := range r.rooms {
		if rule.Match(room) {
			return rule.on
		}
	}
	return false
}

// Mode returns how the lobby is enforced.
func (r *Rules) Mode() Mode {
	if r == nil || r.mode == "" {
		return MembersOnly
	}
	return r.mode
}
