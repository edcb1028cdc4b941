package keys

import (
	"math/bits"
	"math/rand/v2"
	"time"
)

const (
	maxQueued  = 256 // kids that wait, of at most maxKeyID bytes each
	crowded    = 32  // from here on it is counted how often a kid is asked for
	kidRanks   = 8   // 1 time, 2 or 3, 4 to 7 … 128 and more
	maxPrefers = 4096
)

// kidQueue holds the unknown kids that wait for their fetch. Whatever
// strangers write into tokens waits here too, so there is no order of arrival
// that they could fill:
//
//   - Kids are ranked by how often they were asked for lately. The ranks take
//     turns, and within one the next is drawn by lot. To stand in the way of a
//     kid that was asked for n times, an invented one must be asked for as often.
//   - When the queue is full, one kid of the fullest rank goes. It is counted
//     on, so its next token finds it in a higher, emptier rank.
//   - Kids that have verified tokens come before all others.
type kidQueue struct {
	kids    map[string]*queuedKid
	ranks   [kidRanks + 1][]*queuedKid // the last is for the preferred
	turn    int
	counts  *kidCounts // nil while there is no crowd
	prefers map[kidHash]bool
}

type queuedKid struct {
	kid      string
	count    int
	rank, at int // its place in ranks
}

func newKidQueue() *kidQueue {
	return &kidQueue{kids: map[string]*queuedKid{}, prefers: map[kidHash]bool{}}
}

func (q *kidQueue) len() int { return len(q.kids) }

// prefer has a kid come first when it is asked for.
func (q *kidQueue) prefer(h kidHash) {
	if len(q.prefers) < maxPrefers {
		q.prefers[h] = true
	}
}

// add notes that a token names a kid.
func (q *kidQueue) add(kid string, h kidHash, now time.Time) {
	if q.counts == nil && len(q.kids) >= crowded {
		q.counts = newKidCounts(now)
	}
	k := q.kids[kid]
	if k == nil {
		k = &queuedKid{kid: kid}
		q.kids[kid] = k
		q.insert(k, 0)
	}
	k.count++
	if q.counts != nil {
		k.count = max(k.count, q.counts.add(h, now))
	}
	rank := min(bits.Len(uint(k.count))-1, kidRanks-1)
	if q.prefers[h] {
		rank = kidRanks
	}
	if rank != k.rank {
		q.take(k)
		q.insert(k, rank)
	}
	if len(q.kids) > maxQueued {
		q.remove(q.draw(q.fullest()))
	}
}

func (q *kidQueue) insert(k *queuedKid, rank int) {
	k.rank, k.at = rank, len(q.ranks[rank])
	q.ranks[rank] = append(q.ranks[rank], k)
}

func (q *kidQueue) take(k *queuedKid) {
	rank := q.ranks[k.rank]
	last := rank[len(rank)-1]
	rank[k.at], last.at = last, k.at
	rank[len(rank)-1] = nil
	q.ranks[k.rank] = rank[:len(rank)-1]
}

func (q *kidQueue) remove(k *queuedKid) {
	q.take(k)
	delete(q.kids, k.kid)
}

func (q *kidQueue) draw(rank int) *queuedKid {
	return q.ranks[rank][rand.IntN(len(q.ranks[rank]))]
}

func (q *kidQueue) fullest() int {
	fullest := 0
	for i := range q.ranks {
		if len(q.ranks[i]) > len(q.ranks[fullest]) {
			fullest = i
		}
	}
	return fullest
}

// pop removes and returns the next kid; there must be one.
func (q *kidQueue) pop() string {
	rank := kidRanks
	for len(q.ranks[rank]) == 0 {
		q.turn = (q.turn + kidRanks - 1) % kidRanks
		rank = q.turn
	}
	k := q.draw(rank)
	q.remove(k)
	if len(q.kids) == 0 {
		q.counts = nil
	}
	return k.kid
}

const (
	countRows    = 4
	countBits    = 17
	countsRemain = 30 * time.Second // at least, and twice as long at most
)

// kidCounts tells about how often each kid was asked for lately, in 1 MiB
// however many kids there are: two count-min sketches with conservative update
// (Estan and Varghese, 2002), of now and of the time before. It may count too
// much, but never too little.
type kidCounts struct {
	now, before *[countRows][1 << countBits]uint8
	began       time.Time // now
}

func newKidCounts(at time.Time) *kidCounts {
	return &kidCounts{now: new([countRows][1 << countBits]uint8), before: new([countRows][1 << countBits]uint8), began: at}
}

// add counts one more and returns the number with it.
func (c *kidCounts) add(h kidHash, at time.Time) int {
	if at.Sub(c.began) >= countsRemain {
		c.now, c.before, c.began = c.before, c.now, at
		clear(c.now[:])
	}
	least, earlier := uint8(254), uint8(255)
	for i := range countRows {
		least = min(least, c.now[i][column(h, i)])
		earlier = min(earlier, c.before[i][column(h, i)])
	}
	for i := range countRows {
		cell := &c.now[i][column(h, i)]
		*cell = max(*cell, least+1)
	}
	return int(least) + 1 + int(earlier)
}

// column takes other bits of the hash for each row.
func column(h kidHash, row int) int { return int(h>>(15*row)) & (1<<countBits - 1) }
