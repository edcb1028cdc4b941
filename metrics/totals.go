package metrics

import (
	"maps"
	"slices"
)

// Totals are how many logins and joins were decided since the start.
type Totals struct{ Logins, Joins Counted }

// Counted are how many of one kind were decided, whatever the door, host and issuer.
type Counted struct {
	Allowed int
	Refused map[string]int // by reason: denied, and not decided
}

// Totals reads sums that are kept beside the series, so it costs the same however many hosts and issuers there are. Whom
// one of the doors before lets in logs in at another afterwards, and counts there.
func (m *Metrics) Totals(before ...string) Totals {
	m.mu.Lock()
	doors := slices.Collect(maps.Values(m.doors)) // no login or join waits for this lock
	m.mu.Unlock()
	logins, joins := Counted{Refused: map[string]int{}}, Counted{Refused: map[string]int{}}
	for _, d := range doors {
		if !slices.Contains(before, d.name) {
			logins.Allowed += int(d.allowed.Load())
		}
		for reason, sum := range d.refused {
			logins.addRefused(reason, sum.Load())
		}
	}
	for of, series := range *m.rooms.decided.Load() {
		if of.result == Allowed {
			joins.Allowed += int(series.sum.Load())
		} else {
			joins.addRefused(of.reason, series.sum.Load())
		}
	}
	return Totals{Logins: logins, Joins: joins}
}

func (c *Counted) addRefused(reason string, n int64) {
	if n > 0 {
		c.Refused[reason] += int(n)
	}
}
