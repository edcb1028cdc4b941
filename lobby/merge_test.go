package lobby

import (
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// isMerge fails the test unless a merge is commutative, associative and idempotent.
func isMerge[T any](t *testing.T, values *rapid.Generator[T], merge func(a, b T) T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := values.Draw(t, "a"), values.Draw(t, "b"), values.Draw(t, "c")
		for name, pair := range map[string][2]T{
			"commutative": {merge(a, b), merge(b, a)},
			"associative": {merge(merge(a, b), c), merge(a, merge(b, c))},
			"idempotent":  {merge(a, a), a},
		} {
			if !reflect.DeepEqual(pair[0], pair[1]) {
				t.Errorf("not %s: %+v and %+v", name, pair[0], pair[1])
			}
		}
	})
}

// moments are few, so that many are the same, and one is none.
func moments() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		if n := rapid.Int64Range(0, 3).Draw(t, "moment"); n > 0 {
			return time.Unix(n, 0)
		}
		return time.Time{}
	})
}

func TestMergeEntries(t *testing.T) {
	isMerge(t, rapid.Custom(func(t *rapid.T) Entry {
		return Entry{JID: "a@h", At: moments().Draw(t, "At"), Gone: rapid.Bool().Draw(t, "Gone"),
			Until: moments().Draw(t, "Until"), Note: rapid.SampledFrom([]string{"", "x"}).Draw(t, "Note")}
	}), MergeEntries)
}

func TestMergeVerdicts(t *testing.T) {
	isMerge(t, rapid.Custom(func(t *rapid.T) Verdict {
		return Verdict{Room: "r", JID: "a@h", At: moments().Draw(t, "At"), Gone: rapid.Bool().Draw(t, "Gone"),
			Admitted: rapid.Bool().Draw(t, "Admitted"), By: rapid.SampledFrom([]string{"", "m@h"}).Draw(t, "By")}
	}), MergeVerdicts)
}

// TestMergeWins has the rules of who wins, whichever comes first.
func TestMergeWins(t *testing.T) {
	at := func(s int64) time.Time { return time.Unix(s, 0) }
	for name, c := range map[string]struct{ wins, loses Entry }{
		"the later":               {Entry{At: at(2)}, Entry{At: at(1), Gone: true}},
		"the later removal":       {Entry{At: at(2), Gone: true}, Entry{At: at(1)}},
		"a removal at one moment": {Entry{At: at(1), Gone: true}, Entry{At: at(1)}},
		"less at one moment":      {Entry{At: at(1), Until: at(9)}, Entry{At: at(1)}},
	} {
		if got := MergeEntries(c.loses, c.wins); got != c.wins {
			t.Errorf("%s loses: %+v", name, got)
		}
	}
	for name, c := range map[string]struct{ wins, loses Verdict }{
		"the later":              {Verdict{At: at(2), Admitted: true}, Verdict{At: at(1)}},
		"a denial at one moment": {Verdict{At: at(1)}, Verdict{At: at(1), Admitted: true}},
	} {
		if got := MergeVerdicts(c.loses, c.wins); got != c.wins {
			t.Errorf("%s loses: %+v", name, got)
		}
	}
}

// TestAfter: what takes the place of another wins over it, whatever the clock says.
func TestAfter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		old, now := Entry{At: moments().Draw(t, "old"), Gone: true}, moments().Draw(t, "now")
		if e := (Entry{At: now}).After(old); MergeEntries(e, old) != e {
			t.Errorf("%v, after %v", e.At, old.At)
		}
		denied := Verdict{At: old.At}
		if v := (Verdict{At: now, Admitted: true}).After(denied); MergeVerdicts(denied, v) != v {
			t.Errorf("%v, after %v", v.At, denied.At)
		}
	})
}

// TestForgotten: a removal is remembered for its time, an entry for ever.
func TestForgotten(t *testing.T) {
	at := time.Unix(1000, 0)
	gone := Entry{At: at, Gone: true}
	if gone.Forgotten(at.Add(TombstoneLasts-1)) || !gone.Forgotten(at.Add(TombstoneLasts)) ||
		(Entry{At: at}).Forgotten(at.Add(2*TombstoneLasts)) {
		t.Error("the time of a removal is another")
	}
}
