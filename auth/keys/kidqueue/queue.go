package kidqueue

import (
	"hash/maphash"
	"math/bits"
	"math/rand/v2"
	"time"
)

// Max is how many kids wait.
const Max = 256

const (
	crowded    = 32 // from here on it is counted how often a kid is asked for
	ranks      = 8  // 1 time, 2 or 3, 4 to 7 … 128 and more
	maxPrefers = 4096
)

// A Queue holds the kids that wait for their turn, each once. It belongs to
// the goroutine that holds its owner's lock.
type Queue struct {
	seed    maphash.Seed
	kids    map[string]*queued
	ranks   [ranks + 1][]*queued // the last is for the preferred
	turn    int
	counts  *counts         // nil while there is no crowd
	prefers map[uint64]bool // by hash, so that its size is bounded
}

type queued struct {
	kid      string
	count    int
	rank, at int // its place in ranks
}

// New returns an empty queue.
func New() *Queue {
	return &Queue{seed: maphash.MakeSeed(), kids: map[string]*queued{}, prefers: map[uint64]bool{}}
}

// Len returns how many kids wait.
func (q *Queue) Len() int { return len(q.kids) }

// Prefer has a kid come first when it is asked for.
func (q *Queue) Prefer(kid string) {
	if len(q.prefers) < maxPrefers {
		q.prefers[q.hash(kid)] = true
	}
}

// hash is seeded, so that a stranger cannot aim at the kid of another.
func (q *Queue) hash(kid string) uint64 { return maphash.String(q.seed, kid) }

// Add notes that a token names a kid. If more than [Max] wait then, one goes.
func (q *Queue) Add(kid string, now time.Time) {
	h := q.hash(kid)
	if q.counts == nil && len(q.kids) >= crowded {
		q.counts = newCounts(now)
	}
	k := q.kids[kid]
	if k == nil {
		k = &queued{kid: kid}
		q.kids[kid] = k
		q.insert(k, 0)
	}
	k.count++
	if q.counts != nil {
		k.count = max(k.count, q.counts.add(h, now))
	}
	rank := min(bits.Len(uint(k.count))-1, ranks-1)
	if q.prefers[h] {
		rank = ranks
	}
	if rank != k.rank {
		q.take(k)
		q.insert(k, rank)
	}
	if len(q.kids) > Max {
		q.remove(q.draw(q.fullest()))
	}
}

func (q *Queue) insert(k *queued, rank int) {
	k.rank, k.at = rank, len(q.ranks[rank])
	q.ranks[rank] = append(q.ranks[rank], k)
}

func (q *Queue) take(k *queued) {
	rank := q.ranks[k.rank]
	last := rank[len(rank)-1]
	rank[k.at], last.at = last, k.at
	rank[len(rank)-1] = nil
	q.ranks[k.rank] = rank[:len(rank)-1]
}

func (q *Queue) remove(k *queued) {
	q.take(k)
	delete(q.kids, k.kid)
}

func (q *Queue) draw(rank int) *queued {
	return q.ranks[rank][rand.IntN(len(q.ranks[rank]))]
}

func (q *Queue) fullest() int {
	fullest := 0
	for i := range q.ranks {
		if len(q.ranks[i]) > len(q.ranks[fullest]) {
			fullest = i
		}
	}
	return fullest
}

// Pop removes and returns the next kid; there must be one.
func (q *Queue) Pop() string {
	rank := ranks
	for len(q.ranks[rank]) == 0 {
		q.turn = (q.turn + ranks - 1) % ranks
		rank = q.turn
	}
	k := q.draw(rank)
	q.remove(k)
	if len(q.kids) == 0 {
		q.counts = nil
	}
	return k.kid
}
