package metrics

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// A label is a closed list of a label's values: who counts names one of its
// constants, so that no other value can be counted. They are numbers from 1 on;
// the zero value is none of them, and is not counted.
type label interface {
	~uint8
	fmt.Stringer
}

// all returns the constants of a list up to its last.
func all[L label](last L) []L {
	list := make([]L, last)
	for i := range list {
		list[i] = L(i + 1)
	}
	return list
}

// word returns the value at a constant's place, empty if it has none.
func word[L ~uint8](l L, words []string) string {
	if int(l) >= len(words) {
		return ""
	}
	return words[l]
}

// counters are the series of one label, by its constants. They exist from the
// start, at 0; counting allocates nothing.
type counters[L label] []prometheus.Counter

// newCounters makes the series of the labels before, and of one label more, whose
// whole list is given.
func newCounters[L label](vec *prometheus.CounterVec, list []L, before ...string) counters[L] {
	c := make(counters[L], len(list)+1)
	for _, l := range list {
		c[l] = vec.WithLabelValues(append(before[:len(before):len(before)], l.String())...)
	}
	return c
}

// count counts one more; none of the list is not counted.
func (c counters[L]) count(l L) {
	if l != 0 && int(l) < len(c) {
		c[l].Inc()
	}
}
