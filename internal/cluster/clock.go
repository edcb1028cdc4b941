package cluster

import (
	"slices"
	"time"
)

// offsets are by how much a node's clock was ahead of the engine's in its last heartbeats.
type offsets struct {
	last [5]time.Duration
	n    int
}

func (o *offsets) add(d time.Duration) {
	o.last[o.n%len(o.last)] = d
	o.n++
}

// ahead is the largest of them: a heartbeat that was late looks as if its clock were behind.
func (o *offsets) ahead() time.Duration {
	if o.n == 0 {
		return 0
	}
	return slices.Max(o.last[:min(o.n, len(o.last))])
}

// median returns the middle one, or the mean of the two that are; 0 of none.
func median(list []time.Duration) time.Duration {
	if len(list) == 0 {
		return 0
	}
	list = slices.Sorted(slices.Values(list))
	return (list[(len(list)-1)/2] + list[len(list)/2]) / 2
}
