package reconcile

import (
	"container/heap"
	"maps"
	"slices"
	"sync"
	"time"

	"usher/internal/guard"
)

const (
	maxItems       = 20_000 // rooms in the queue
	maxAccounts    = 50_000 // accounts that the items name
	workers        = 4
	strictEvery    = 30 * time.Second
	afterTrouble   = 5 * time.Second
	resyncInterval = 5 * time.Millisecond // between two rooms of a resync
	cooldownFactor = 4                    // how much longer than its run took a room is left in peace, but
	maxCooldown    = 2 * time.Second      // no longer than this
)

// retries is when a room is reconciled again after a join, until the role is
// seen: the join itself has to come through Prosody first.
func retries() []time.Duration {
	return []time.Duration{30 * time.Millisecond, 120 * time.Millisecond, 500 * time.Millisecond,
		2 * time.Second, 5 * time.Second, 15 * time.Second}
}

// resyncs is when a room is reconciled as a whole after a reconnection: a join
// that was allowed before it may come through Prosody only afterwards.
func resyncs() []time.Duration { return []time.Duration{0, 2 * time.Second, 10 * time.Second} }

// A queue holds the rooms that are to be reconciled, each once, by when that is to
// be done. It is bounded; what it leaves out is found again at the next join or
// reconnection. It starts nothing: [queue.take] says when to ask again, and changed
// receives a value when that has become sooner.
type queue struct {
	changed chan struct{} // has place for one

	mu       sync.Mutex
	items    map[string]*item // by room
	schedule schedule         // of those that are not running
	running  int
	accounts int // that the items name, also while they are worked on
}

// An item is a room in the queue. A run over it makes Prosody write lists as long as
// the room is large, so that after it there is a cooldown in proportion: a large room
// that fills up costs Prosody no more of its time than a small one.
type item struct {
	room     string
	due      time.Time      // zero: not at all
	cooldown time.Time      // not before
	urgent   bool           // before the cooldown is over, too
	everyone int            // how many runs are still to see to all in the room
	tries    map[string]int // by account: how often it was seen to since it joined
	strict   int            // runs since the last join, where owners are watched
	demoted  demotions
	running  bool
	place    int // in the schedule, unless it is running
}

// A job is an item that is to be worked on now.
type job struct {
	*item
	everyone bool
	tries    map[string]int // of the item, which has none meanwhile
}

// An outcome is what came of a job.
type outcome struct {
	took    time.Duration
	gone    bool            // the room is not there
	trouble bool            // it could not be done
	again   map[string]bool // accounts to be seen to once more
	strict  bool            // owners are watched in the room
	demoted demotions
}

func newQueue() *queue {
	return &queue{changed: make(chan struct{}, 1), items: map[string]*item{}}
}

// add has a room reconciled for an account.
func (q *queue) add(room, jid string, after time.Duration) { q.put(room, jid, after, false) }

// addUrgent has a room reconciled for an account at once, though it may be large
// and its cooldown not be over.
func (q *queue) addUrgent(room, jid string) { q.put(room, jid, 0, true) }

func (q *queue) put(room, jid string, after time.Duration, urgent bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	it := q.itemLocked(room)
	if it == nil {
		return
	}
	_, known := it.tries[jid]
	switch {
	case known:
		it.tries[jid] = 0
	case q.accounts < maxAccounts:
		it.tries[jid] = 0
		q.accounts++
	default: // all in the room, then
		it.everyone = max(it.everyone, 1)
	}
	it.strict = 0
	hurried := urgent && !it.urgent
	it.urgent = it.urgent || urgent
	if it.sooner(time.Now().Add(after)) || hurried {
		q.scheduleLocked(it)
	}
}

// addAll has rooms reconciled as a whole, one after the other.
func (q *queue) addAll(rooms []string) {
	due := time.Now()
	for some := range slices.Chunk(rooms, guard.Portion) { // joins wait for this lock too
		q.mu.Lock()
		for _, room := range some {
			if it := q.itemLocked(room); it != nil {
				it.everyone = len(resyncs())
				if it.sooner(due) {
					q.scheduleLocked(it)
				}
				due = due.Add(resyncInterval)
			}
		}
		q.mu.Unlock()
	}
}

// waiting returns the accounts that a room is to be reconciled for, without those that a
// run is over already.
func (q *queue) waiting(room string) []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	it := q.items[room]
	if it == nil {
		return nil
	}
	return slices.Collect(maps.Keys(it.tries))
}

// itemLocked returns nil at the bound.
func (q *queue) itemLocked(room string) *item {
	it := q.items[room]
	if it == nil && len(q.items) < maxItems {
		it = &item{room: room, tries: map[string]int{}, place: unscheduled}
		q.items[room] = it
	}
	return it
}

// sooner has an item be due at a time, if it would not be before, and reports whether
// that is so.
func (it *item) sooner(due time.Time) bool {
	if !it.due.IsZero() && !due.Before(it.due) {
		return false
	}
	it.due = due
	return true
}

// scheduleLocked puts an item where it belongs by now.
func (q *queue) scheduleLocked(it *item) {
	switch {
	case it.running:
		return
	case it.place == unscheduled:
		heap.Push(&q.schedule, it)
	default:
		heap.Fix(&q.schedule, it.place)
	}
	if it.place == 0 {
		q.wake()
	}
}

func (q *queue) wake() {
	select {
	case q.changed <- struct{}{}:
	default:
	}
}

// take returns what is to be worked on now, or nil. Then wait is how long nothing
// will be, or negative if that is so until the queue changes.
func (q *queue) take() (j *job, wait time.Duration) {
	now := time.Now()
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.running < workers && len(q.schedule) > 0 {
		it := q.schedule[0]
		if wait := it.ready().Sub(now); wait > 0 {
			return nil, wait
		}
		heap.Pop(&q.schedule)
		if it.due.IsZero() { // its cooldown is over
			q.accounts -= len(it.tries)
			delete(q.items, it.room)
			continue
		}
		q.running++
		it.running, it.urgent, it.due = true, false, time.Time{}
		j = &job{it, it.everyone > 0, it.tries}
		it.tries = map[string]int{} // of those who join, or get another token, meanwhile
		return j, 0
	}
	return nil, -1
}

// done is told what came of a job that was taken, and schedules what is left to do.
func (q *queue) done(j *job, o outcome) {
	now := time.Now()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.running--
	j.running, j.demoted = false, o.demoted
	j.cooldown = now.Add(min(cooldownFactor*o.took, maxCooldown))
	q.requeueLocked(j, o)
	switch {
	case o.trouble:
		j.sooner(now.Add(afterTrouble))
	case o.gone:
		j.item.everyone = 0
		j.retry(now)
	default:
		j.retry(now)
		j.repeat(now, o.strict)
	}
	q.scheduleLocked(j.item)
	q.wake() // a worker is free
}

// requeueLocked keeps, of the accounts that were seen to, those that have to be seen
// to again, with how often they were; those that came in again meanwhile begin anew.
func (q *queue) requeueLocked(j *job, o outcome) {
	for jid, n := range j.tries {
		_, back := j.item.tries[jid]
		keep := o.trouble
		if !o.trouble && !o.gone {
			n++
			keep = o.again[jid] && n < len(retries())
		}
		if back || !keep {
			q.accounts--
			continue
		}
		j.item.tries[jid] = n
	}
}

// retry has the accounts seen to that were not for long enough.
func (it *item) retry(now time.Time) {
	for _, n := range it.tries {
		it.sooner(now.Add(retries()[n]))
	}
}

// repeat has the room reconciled again as a whole, or for owners that no token made.
func (j *job) repeat(now time.Time, strict bool) {
	if j.everyone && j.item.everyone > 0 {
		if j.item.everyone--; j.item.everyone > 0 {
			j.sooner(now.Add(resyncs()[len(resyncs())-j.item.everyone]))
		}
	}
	if !strict {
		return
	}
	wait := strictEvery
	if j.strict++; j.strict < len(retries()) {
		wait = retries()[j.strict]
	}
	j.sooner(now.Add(wait))
}

// A schedule is a heap of items by when they are ready (container/heap).
type schedule []*item

const unscheduled = -1

// ready is when an item is to be worked on, or to go.
func (it *item) ready() time.Time {
	if it.due.IsZero() || !it.urgent && it.due.Before(it.cooldown) {
		return it.cooldown
	}
	return it.due
}

func (s schedule) Len() int           { return len(s) }
func (s schedule) Less(i, j int) bool { return s[i].ready().Before(s[j].ready()) }
func (s schedule) Swap(i, j int) {
	s[i], s[j] = s[j], s[i]
	s[i].place, s[j].place = i, j
}

// Push is for container/heap.
func (s *schedule) Push(x any) {
	it := x.(*item)
	it.place = len(*s)
	*s = append(*s, it)
}

// Pop is for container/heap.
func (s *schedule) Pop() any {
	last := len(*s) - 1
	it := (*s)[last]
	(*s)[last] = nil
	*s = (*s)[:last]
	it.place = unscheduled
	return it
}
