package cluster

import (
	"container/heap"
	"time"
)

// A sum64 stands for a set: how many there are, and the XOR of their hashes.
type sum64 struct {
	n   int
	xor uint64
}

// A set is things by their key, with a hash of what is said of each, and the sum of all.
type set struct {
	all map[Key]uint64
	sum sum64
}

func newSet() set { return set{all: map[Key]uint64{}} }

// put inserts or replaces.
func (s *set) put(k Key, hash uint64) {
	s.drop(k)
	s.all[k] = hash
	s.sum.n++
	s.sum.xor ^= hash
}

func (s *set) drop(k Key) {
	if old, there := s.all[k]; there {
		delete(s.all, k)
		s.sum.n--
		s.sum.xor ^= old
	}
}

// lacks reports whether another set says nothing, or something else, of a thing of this one.
func (s *set) lacks(other *set) bool {
	for k, hash := range s.all {
		if got, there := other.all[k]; !there || got != hash {
			return true
		}
	}
	return false
}

// keep has the set be as the snapshot of a node is after an entry.
func (s *set) keep(e *Entry) {
	switch {
	case e.Logged || e.Kind == KindHeartbeat:
	case e.Gone:
		s.drop(e.Key)
	default:
		s.put(e.Key, e.hash())
	}
}

// A living is a set of which each ends at its time. What has ended is left out at a time that
// is the same for all nodes whose clocks agree but for endsTogether.
type living struct {
	set
	ends endings
	last map[Key]time.Time // when each ends that does
}

// endsTogether is the step in which things end, so that nodes seldom differ in what has ended.
const endsTogether = 10 * time.Second

func newLiving() living { return living{set: newSet(), last: map[Key]time.Time{}} }

func (l *living) put(f *Fact) {
	if f.Gone {
		l.drop(f.Key)
		delete(l.last, f.Key)
		return
	}
	l.set.put(f.Key, f.Print)
	switch old, ends := l.last[f.Key]; {
	case f.Ends.IsZero():
		delete(l.last, f.Key)
	case !ends || !old.Equal(f.Ends):
		l.last[f.Key] = f.Ends
		heap.Push(&l.ends, ending{f.Key, f.Ends})
	}
}

// sumAt is the sum of what has not ended.
func (l *living) sumAt(now time.Time) sum64 {
	now = now.Truncate(endsTogether)
	for len(l.ends) > 0 && !l.ends[0].at.After(now) {
		e := heap.Pop(&l.ends).(ending)
		if at, there := l.last[e.key]; there && at.Equal(e.at) {
			l.drop(e.key)
			delete(l.last, e.key)
		}
	}
	return l.sum
}

type ending struct {
	key Key
	at  time.Time
}

type endings []ending

func (e endings) Len() int           { return len(e) }
func (e endings) Less(i, j int) bool { return e[i].at.Before(e[j].at) }
func (e endings) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *endings) Push(x any)        { *e = append(*e, x.(ending)) }
func (e *endings) Pop() any {
	old := *e
	last := old[len(old)-1]
	*e = old[:len(old)-1]
	return last
}
