package index

import (
	"container/heap"
	"time"
)

// A dueHeap is the sessions in the order in which they may end by their time; the first is the next.
type dueHeap []*Session

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].due < h[j].due }

func (h dueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].atDue, h[j].atDue = int32(i), int32(j)
}

// Push is for package heap.
func (h *dueHeap) Push(g any) {
	one := g.(*Session)
	one.atDue = int32(len(*h))
	*h = append(*h, one)
}

// Pop is for package heap.
func (h *dueHeap) Pop() any {
	last := len(*h) - 1
	g := (*h)[last]
	g.atDue = notDue
	(*h)[last] = nil
	*h = (*h)[:last]
	return g
}

// notDue is the place of a session that is not in the heap: it is about to end.
const notDue = -1

func (h *dueHeap) drop(g *Session) {
	if g.atDue != notDue {
		heap.Remove(h, int(g.atDue))
	}
}

// Due returns the session that is due next, if it is by now; or nil.
func (x *Index) Due(now time.Time) *Session {
	if len(x.due) == 0 || x.due[0].due > now.UnixNano() {
		return nil
	}
	return x.due[0]
}

// NotDue has a session be due no more: it is about to end.
func (x *Index) NotDue(g *Session) { x.due.drop(g) }

// SetDue makes a session be due at another time.
func (x *Index) SetDue(g *Session, due time.Time) {
	g.due = nano(due)
	if g.atDue == notDue {
		heap.Push(&x.due, g)
		return
	}
	heap.Fix(&x.due, int(g.atDue))
}

// IsDueAfter reports whether a session is due after a time only. It wants the lock.
func (g *Session) IsDueAfter(t time.Time) bool { return g.due > nano(t) }
