package lobby

import (
	"cmp"
	"time"
)

// Several ushers may each know something of the same entry or verdict. What they know
// together is merged by the rules of this file, whatever comes first, twice or late.

// TombstoneLasts is how long an usher remembers that something is gone. One that heard
// nothing of the others for as long must not tell them what it knows: it may be gone.
const TombstoneLasts = 30 * 24 * time.Hour

// MergeEntries merges what is known of one key of the whitelist: what was done later wins. Of
// the same moment a removal wins, then what ends earlier.
func MergeEntries(a, b Entry) Entry {
	if c := cmp.Or(a.At.Compare(b.At), compareBools(a.Gone, b.Gone), -compareEnds(a.Until, b.Until),
		cmp.Compare(a.Note, b.Note)); c < 0 {
		return b
	}
	return a
}

// MergeVerdicts merges what was decided about one account in one room: the later wins. Of the
// same moment one that was taken back wins, then a denial.
func MergeVerdicts(a, b Verdict) Verdict {
	if c := cmp.Or(a.At.Compare(b.At), compareBools(a.Gone, b.Gone), -compareBools(a.Admitted, b.Admitted),
		cmp.Compare(a.By, b.By)); c < 0 {
		return b
	}
	return a
}

// After returns an entry, or a removal, as it takes the place of another of its key: it is
// later, also by a clock that was set back.
func (e Entry) After(old Entry) Entry {
	if !e.At.After(old.At) {
		e.At = old.At.Add(1)
	}
	return e
}

// After returns a verdict as it takes the place of another of its key: it is later, also by
// a clock that was set back.
func (v Verdict) After(old Verdict) Verdict {
	if !v.At.After(old.At) {
		v.At = old.At.Add(1)
	}
	return v
}

// Forgotten reports whether a removal is remembered no longer: then it is gone for good, and
// so is everything older about it.
func (e Entry) Forgotten(now time.Time) bool { return e.Gone && !now.Before(e.At.Add(TombstoneLasts)) }

// compareEnds orders times at which something ends; the zero time is never.
func compareEnds(a, b time.Time) int {
	if a.IsZero() || b.IsZero() {
		return compareBools(a.IsZero(), b.IsZero())
	}
	return a.Compare(b)
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
