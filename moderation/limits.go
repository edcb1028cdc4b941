package moderation

import (
	"iter"
	"maps"
	"math/rand/v2"
	"slices"

	"usher/moderation/unasked"
)

// limits are those of what is kept. At the bound of one account its oldest login
// goes, at the others one that was not used for long. A token that names no
// account makes a new one at each login: its bound keeps who has one such token
// from pushing all others out. Of revocations none goes: at their bound no
// further one is taken.
type limits struct {
	grants      int
	ofOne       int // of one account
	ofPrincipal int // of one token that names nobody, or of one user
	fair        int // of one principal, once there are too many in all
	givens      int
	givensOfOne int
	rooms       int
	names       int // bytes of names in givens and rooms
	revocations int
	expelled    int // accounts that revocations know of
	asked       unasked.Limits
}

func usualLimits() limits {
	return limits{grants: 200_000, ofOne: 16, ofPrincipal: 20_000, fair: 300, givens: 200_000, givensOfOne: 512, rooms: 50_000,
		names: 96 << 20, revocations: 50_000, expelled: 200_000, asked: unasked.UsualLimits()}
}

// overLimits finds what must go for a new session, and wants the lock.
func (s *Sessions) overLimits(g *Session) []*Session {
	var over []*Session
	if own := s.byJID[accountKey{g.Host, g.Account}]; len(own) > s.limits.ofOne {
		oldest := own[0]
		for _, o := range own {
			if o.LoggedIn.Before(oldest.LoggedIn) {
				oldest = o
			}
		}
		over = append(over, oldest)
	}
	same := s.byPrincipal.many[g.places.who]
	var other *Session
	switch {
	case len(same) > s.limits.ofPrincipal:
		other = longUnused(some(same), g)
	case len(over) > 0 || len(s.grants) <= s.limits.grants:
	case len(same) > max(1, s.limits.fair): // who has that many makes room for the own one
		other = longUnused(some(same), g)
	default:
		other = longUnused(maps.Values(s.grants), g)
	}
	if other != nil {
		over = append(over, other)
	}
	return over
}

// some yields a list from a place that nobody can foresee, and all around.
func some(list []*Session) iter.Seq[*Session] {
	return func(yield func(*Session) bool) {
		start := rand.IntN(len(list))
		for i := range list {
			if !yield(list[(start+i)%len(list)]) {
				return
			}
		}
	}
}

// longUnused picks the one of a few that was not used for the longest; but not
// the new one. Among so many that is as good as a search.
func longUnused(grants iter.Seq[*Session], but *Session) *Session {
	var oldest *Session
	n := 0
	for o := range grants {
		if o.ID != but.ID && (oldest == nil || o.Used.Before(oldest.Used)) {
			oldest = o
		}
		if n++; n == sampledForOldest {
			break
		}
	}
	return oldest
}

// within picks, of what a state has kept, the sessions that are within the limits:
// the newest of each account, of each principal and of all. A daemon that was
// killed may not have deleted the others yet.
func (b limits) within(grants []*Session) (kept, over []*Session) {
	slices.SortFunc(grants, func(x, y *Session) int { return y.LoggedIn.Compare(x.LoggedIn) })
	ofOne, ofPrincipal := map[accountKey]int{}, map[principalID]int{}
	for _, g := range grants {
		account := accountKey{g.Host, g.Account}
		if len(kept) >= b.grants || ofOne[account] >= b.ofOne || ofPrincipal[g.places.who] >= b.ofPrincipal {
			over = append(over, g)
			continue
		}
		ofOne[account]++
		ofPrincipal[g.places.who]++
		kept = append(kept, g)
	}
	slices.Reverse(kept) // as they came
	return kept, over
}
