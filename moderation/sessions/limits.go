package sessions

import (
	"iter"

	"usher/internal/bounded"
	"usher/moderation/sessions/index"
)

// Limits are those of what is kept. At the bound of one account its oldest login
// goes, at the others one that was not used for long. A token that names no
// account makes a new one at each login: its bound keeps one such token from pushing
// all others out. Of revocations none goes: at their bound no
// further one is taken.
type Limits struct {
	Sessions         int
	OfOne            int // of one account
	OfPrincipal      int // of one token that names nobody, or of one user
	Fair             int // of one principal, once there are too many in all
	Assignments      int // of accounts to rooms
	AssignmentsOfOne int // of one account
	Rooms            int
	Names            int // bytes of names in assignments
	Revocations      int
	Expelled         int // accounts that revocations know of
}

// UsualLimits are those of the daemon.
func UsualLimits() Limits {
	return Limits{Sessions: 200_000, OfOne: 16, OfPrincipal: 20_000, Fair: 300, Assignments: 200_000,
		AssignmentsOfOne: 512, Rooms: 50_000,
		Names: 96 << 20, Revocations: 50_000, Expelled: 200_000}
}

// Divided are limits that are smaller by a factor, but for those of one account.
func (b Limits) Divided(by int) Limits {
	for _, n := range []*int{&b.Sessions, &b.OfPrincipal, &b.Fair, &b.Assignments, &b.Rooms, &b.Names, &b.Revocations,
		&b.Expelled} {
		*n /= by
	}
	return b
}

// overLimits finds what must go for a new session.
func overLimits(x *index.Index, b Limits, g *index.Session) []*index.Session {
	var over []*index.Session
	if x.CountOfAccount(g.Account()) > b.OfOne {
		over = append(over, oldestOf(x.OfAccount(g.Account())))
	}
	same := x.CountOfPrincipal(g.Principal())
	var other *index.Session
	switch {
	case same > b.OfPrincipal:
		other = longUnused(x.SomeOf(g.Principal()), g)
	case len(over) > 0 || x.Len() <= b.Sessions:
	case same > max(1, b.Fair): // one that has so many makes room for its own
		other = longUnused(x.SomeOf(g.Principal()), g)
	default:
		other = longUnused(x.Some(), g)
	}
	if other != nil {
		over = append(over, other)
	}
	return over
}

// oldestOf returns the first login of some, or nil.
func oldestOf(list iter.Seq[*index.Session]) (oldest *index.Session) {
	for g := range list {
		if oldest == nil || g.LoggedIn().Before(oldest.LoggedIn()) {
			oldest = g
		}
	}
	return oldest
}

// longUnused picks one that was not used for long; but not the new one. It is nil if
// there is no other.
func longUnused(sessions iter.Seq[*index.Session], but *index.Session) *index.Session {
	others := func(yield func(*index.Session) bool) {
		for o := range sessions {
			if o != but && !yield(o) {
				return
			}
		}
	}
	oldest, _ := bounded.Least(others, func(a, b *index.Session) bool { return a.Used().Before(b.Used()) })
	return oldest
}
