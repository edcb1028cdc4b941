package cluster

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// Known is who has a change.
type Known struct {
	Has     []string  `json:"has"`     // nodes, this one included, that have it in their journals
	Missing []Missing `json:"missing"` // nodes that may not have it, and live
}

// Missing is a node that may not know of a change.
type Missing struct {
	Node  string        `json:"node"`
	Heard time.Duration `json:"heard"` // for how long nothing was heard of it
	// Until is when it refuses logins at the latest, from now, if it does not hear of the change
	// before; 0: it never does.
	Until time.Duration `json:"until"`
}

// String says who has a change: "2 of 3 nodes; c has not been heard for 20 s and refuses logins
// in 40 s at the latest".
func (k Known) String() string {
	var b strings.Builder
	all := len(k.Has) + len(k.Missing)
	b.WriteString(count(len(k.Has)) + " of " + count(all) + " nodes")
	for _, m := range k.Missing {
		b.WriteString("; " + m.Node + silence(m.Heard))
		if m.Until == 0 {
			b.WriteString(" and never refuses logins")
			continue
		}
		b.WriteString(" and refuses logins in " + seconds(m.Until) + " at the latest")
	}
	return b.String()
}

// silence says of a node what is known of it.
func silence(heard time.Duration) string {
	if heard < 2*time.Second {
		return " has not confirmed it"
	}
	return " has not been heard for " + seconds(heard)
}

// ErrUnpublished is of a change that the engine has not taken yet: only this node knows it.
var ErrUnpublished = errors.New("the cluster's engine has not taken it yet")

// Know waits until all nodes that live have in their journals the revocations, or the entries or
// verdicts of lists, that were in this node's journal at a place, or until ctx ends. Then the
// error is that of ctx, and [ErrUnpublished] besides if nobody else can know.
func (n *Node) Know(ctx context.Context, cell bool, mark Mark) (Known, error) {
	l := n.global
	if cell {
		l = n.cell
	}
	var number uint64
	published := false
	err := l.until(ctx, func() bool {
		if number == 0 && !l.marked.before(mark) {
			number = l.markedBy
		}
		published = number > 0 && l.published >= number
		return published && len(l.missingLocked(number)) == 0
	})
	if !published {
		number = 1 << 63 // nobody has it
		err = errors.Join(err, ErrUnpublished)
	}
	return l.known(number), err
}

// missingLocked returns the nodes that live and have not confirmed a number, sorted.
func (l *link) missingLocked(number uint64) (list []Missing) {
	for node, v := range l.views {
		if node != l.n.o.Node && v.has < number && v.livesAt(l.now) {
			m := Missing{Node: node, Heard: l.heardForLocked(v)}
			if v.beat.Staleness != 0 {
				m.Until = max(v.beat.Staleness-m.Heard, time.Second)
			}
			list = append(list, m)
		}
	}
	slices.SortFunc(list, func(a, b Missing) int { return strings.Compare(a.Node, b.Node) })
	return list
}

func (l *link) known(number uint64) Known {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := Known{Has: []string{l.n.o.Node}, Missing: l.missingLocked(number)}
	for node, v := range l.views {
		if node != l.n.o.Node && v.has >= number {
			k.Has = append(k.Has, node)
		}
	}
	slices.Sort(k.Has)
	return k
}
