package sessions

import (
	"container/heap"
	"context"
	"slices"
	"time"

	"usher/internal/guard"
	"usher/moderation"
)

// A dueHeap is the sessions in the order in which they may end by their time; the first is
// the next. The lock is the caller's.
type dueHeap []*session

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].places.due < h[j].places.due }

func (h dueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].places.atDue, h[j].places.atDue = int32(i), int32(j)
}

// Push is for package heap.
func (h *dueHeap) Push(g any) {
	one := g.(*session)
	one.places.atDue = int32(len(*h))
	*h = append(*h, one)
}

// Pop is for package heap.
func (h *dueHeap) Pop() any {
	last := len(*h) - 1
	g := (*h)[last]
	g.places.atDue = notDue
	(*h)[last] = nil
	*h = (*h)[:last]
	return g
}

// notDue is the place of a session that is not in the heap: it is about to end.
const notDue = -1

func (h *dueHeap) add(g *session) { heap.Push(h, g) }

func (h *dueHeap) drop(g *session) {
	if g.places.atDue != notDue {
		heap.Remove(h, int(g.places.atDue))
	}
}

// set makes a session be due at another time.
func (h *dueHeap) set(g *session, due int64) {
	g.places.due = due
	if g.places.atDue == notDue {
		heap.Push(h, g)
		return
	}
	heap.Fix(h, int(g.places.atDue))
}

// schedule computes when a session may end by its time. It is done before the lock is taken.
func (g *session) schedule(p *moderation.Policy, now time.Time) {
	g.places.due = g.Due(g.Used, now, p.Times(g.Host)).UnixNano()
}

// A keyUse is a key by which sessions are good.
type keyUse struct{ host, issuer, print string }

func (g *session) key() keyUse { return keyUse{g.Host, g.Issuer, g.KeyPrint} }

// An ending is a session that does not count any more.
type ending struct {
	*session
	why moderation.Reason
}

// dueAtATime bounds the sessions that are looked at under the lock when their time has come.
const dueAtATime = 8

// takeDue takes out of the heap the sessions that do not count any more, of those whose time
// has come; the others are due later.
func (s *core) takeDue(judge judge) (list []ending) {
	now := judge.now.UnixNano()
	for more := true; more; {
		s.mu.Lock()
		for range dueAtATime {
			if more = len(s.index.due) > 0 && s.index.due[0].places.due <= now; !more {
				break
			}
			g := s.index.due[0]
			if why := judge.why(g); why != "" {
				heap.Pop(&s.index.due)
				list = append(list, ending{g, why})
				continue
			}
			later := g.Due(g.Used, judge.now, judge.policy.Times(g.Host)).UnixNano()
			s.index.due.set(g, max(later, now+int64(time.Second))) // it was used meanwhile
		}
		s.mu.Unlock()
	}
	return list
}

// keysGone reports whether a key is gone that sessions are good by.
func (s *core) keysGone(p *moderation.Policy) bool {
	for _, k := range guard.Keys(&s.mu, s.index.keys) {
		if !p.HoldsKey(k.host, k.issuer, k.print) {
			return true
		}
	}
	return false
}

// allEnded looks at all sessions, and returns those that do not count any more. Those that are
// due earlier by another policy are so from then on.
func (s *core) allEnded(judge judge) (list []ending) {
	type found struct {
		ending
		due int64
	}
	var earlier []found
	for _, f := range guard.Gather(&s.mu, s.index.all, 0, func(_ moderation.ID, g *session) (found, bool) {
		f := found{ending{g, judge.why(g)}, g.Due(g.Used, judge.now, judge.policy.Times(g.Host)).UnixNano()}
		return f, f.why != "" || f.due < g.places.due
	}) {
		if f.why != "" {
			list = append(list, f.ending)
		} else {
			earlier = append(earlier, f)
		}
	}
	for part := range slices.Chunk(earlier, dueAtATime) {
		s.mu.Lock()
		for _, f := range part {
			if s.index.all[f.ID] == f.session {
				s.index.due.set(f.session, f.due)
			}
		}
		s.mu.Unlock()
	}
	return list
}

// finish ends sessions, each for its reason.
func (s *core) finish(ctx context.Context, list []ending) Touched {
	by := map[moderation.Reason][]*session{}
	for _, e := range list {
		by[e.why] = append(by[e.why], e.session)
	}
	var touched []moderation.AssignmentKey
	touched = append(touched, s.end(ctx, by[moderation.ReasonSessionEnded], moderation.EndExpired)...)
	touched = append(touched, s.end(ctx, by[moderation.ReasonKeyRemoved], moderation.EndKeyGone)...)
	revoked := by[moderation.ReasonNoSession]
	touched = append(touched, s.end(ctx, revoked, moderation.EndRevoked)...)
	return Touched{Accounts: touched, Ended: s.streamsOf(revoked)}
}
