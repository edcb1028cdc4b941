package moderation

import (
	"bytes"
	"cmp"
	"slices"
	"time"
)

// Several ushers may each know something of the same thing. What they know together is
// merged by the rules of this file, whatever comes first, twice or late: a merge is
// commutative, associative and idempotent. Both values must be about one thing.

// ClockTolerance is by how much the clock of the usher that revoked may have been behind the others'.
const ClockTolerance = 5 * time.Second

// InForce reports whether the revocation has not been lifted since its moment.
func (v *Revocation) InForce() bool { return !v.Lifted.After(v.At) }

// Lift returns the revocation as it is once it was lifted: later than its moment, also if
// that is by a clock that is ahead.
func (v *Revocation) Lift(now time.Time) Revocation {
	lifted := *v
	lifted.Lifted = later(later(now, v.Lifted), v.At.Add(1))
	return lifted
}

// MergeRevocations merges what is known of one principal: the later moment, the later end and
// the later lifting win, each by itself. No end is the latest of a person; of one token it is
// that nobody knew its exp, and loses.
func MergeRevocations(a, b Revocation) Revocation {
	if c := cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Node, b.Node)); c < 0 {
		a, b = b, a
	}
	a.Expires = laterExpires(&a, &b)
	a.Lifted = later(a.Lifted, b.Lifted)
	a.Accounts = union(a.Accounts, b.Accounts)
	return a
}

// laterExpires is the later end of two revocations of one principal.
func laterExpires(a, b *Revocation) time.Time {
	if person := a.TokenPrint == ""; person && (a.Expires.IsZero() || b.Expires.IsZero()) {
		return time.Time{}
	}
	return later(a.Expires, b.Expires)
}

// SetNode says by whose clock the moment is, empty of an usher that is alone, and settles by the
// policy there when the revocation of a person ends.
func (v *Revocation) SetNode(node string, p *Policy) {
	if v.Node = node; v.TokenPrint == "" {
		v.Expires = v.endBy(p)
	}
}

// Equal reports whether two revocations say the same.
func (v *Revocation) Equal(w *Revocation) bool {
	return v.Principal() == w.Principal() && v.Node == w.Node && v.At.Equal(w.At) && v.Expires.Equal(w.Expires) &&
		v.Lifted.Equal(w.Lifted) && slices.Equal(v.Accounts, w.Accounts)
}

// Outdoes reports whether a login wins over what is known of its session: the later one does, of
// one moment that of the greater name of a node, then the later use, with the resumption that was
// known then.
func (g *Session) Outdoes(known *Session) bool {
	return cmp.Or(
		g.LoggedIn.Compare(known.LoggedIn),
		cmp.Compare(g.Node, known.Node),
		g.Used.Compare(known.Used),
		cmp.Compare(g.Resumption, known.Resumption),
	) > 0
}

// MergeRooms merges what is known of rooms of one name: the later life wins whole. Of one
// life it was started if anybody saw that, joined the latest, and over for good; its lobby is
// what was said the latest.
func MergeRooms(a, b Room) Room {
	if c := cmp.Or(cmp.Compare(a.Began, b.Began), a.Changed.Compare(b.Changed), cmp.Compare(a.Lobby, b.Lobby),
		compareBools(a.MembersOnly, b.MembersOnly)); c < 0 {
		a, b = b, a
	}
	if a.Began != b.Began {
		return a
	}
	a.Started = a.Started || b.Started
	a.Made = a.Made || b.Made
	a.Gone = a.Gone || b.Gone
	a.Joined = later(a.Joined, b.Joined)
	return a
}

// MergeAssignments merges what is known of one assignment: what was written by the higher
// lease wins, then what was written later.
func MergeAssignments(a, b Assignment) Assignment {
	if compareAssignments(&a, &b) < 0 {
		return b
	}
	return a
}

// compareAssignments says the same whatever the order, also of what two ushers wrote at the
// same moment: then the one that is gone wins, and else any.
func compareAssignments(a, b *Assignment) int {
	return cmp.Or(
		cmp.Compare(a.Lease, b.Lease),
		later(a.At, a.Changed).Compare(later(b.At, b.Changed)),
		compareBools(a.Gone, b.Gone),
		compareBools(a.Overridden, b.Overridden),
		compareBools(a.External, b.External),
		cmp.Compare(a.End, b.End),
		compareBools(a.Confirmed, b.Confirmed),
		compareBools(a.Lobby, b.Lobby),
		cmp.Compare(a.Affiliation, b.Affiliation),
		bytes.Compare(a.Session[:], b.Session[:]),
		a.At.Compare(b.At),
		a.Changed.Compare(b.Changed),
	)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// compareBools orders false before true.
func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
