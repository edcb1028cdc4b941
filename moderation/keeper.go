package moderation

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"usher/internal/taskgroup"
)

const (
	maxTasks       = 20_000 // rooms that wait to be looked at
	maxWaiting     = 50_000 // accounts in rooms that wait to be looked at
	keeperWorkers  = 4
	keeperTick     = 20 * time.Millisecond
	passWithin     = 30 * time.Second
	strictEvery    = 30 * time.Second
	afterTrouble   = 5 * time.Second
	resyncInterval = 5 * time.Millisecond // between two rooms of a resync
	restFactor     = 4                    // how much longer than looked at a room is left in peace, but
	maxRest        = 2 * time.Second
)

// retries is when a room is looked at again after a join, until the role is
// seen: the join itself has to come through Prosody first.
func retries() []time.Duration {
	return []time.Duration{30 * time.Millisecond, 120 * time.Millisecond, 500 * time.Millisecond, 2 * time.Second, 5 * time.Second, 15 * time.Second}
}

// resyncs is when a room is looked at as a whole after a reconnection: a join
// that was allowed before it may come through Prosody only afterwards.
func resyncs() []time.Duration { return []time.Duration{0, 2 * time.Second, 10 * time.Second} }

// A Keeper sees to it that rooms are as the grants say. It compares and sets;
// so it does not matter what was missed in between, by a restart of either
// side or a connection that was cut.
type Keeper struct {
	sessions *Sessions
	rooms    Rooms
	notifier *Notifier
	log      *slog.Logger
	wake     chan struct{}   // something is due now
	welcomes chan struct{}   // a place for each that is under way
	searches chan struct{}   // likewise
	group    taskgroup.Group // all that was started besides Run

	watchNow chan struct{} // a round is due

	mu      sync.Mutex
	watched uint64                 // the connection on which rooms are watched
	sets    map[GivenKey]time.Time // affiliations that are being set (zero), or were a moment ago
	tasks   map[string]*task
	waiting int // how many accounts the tasks name
}

// A task is a room that has to be looked at. A look makes Prosody write lists as
// long as the room is large, so after one there is a rest that is in proportion:
// a large room that fills up costs Prosody no more of its time than a small one.
type task struct {
	due     time.Time // zero: not at all
	rest    time.Time // not before
	urgent  bool      // before the rest is over, too
	running bool
	all     int            // how often everybody who is there is still to be looked at
	tries   map[string]int // by account: how often it was looked at since it joined
	strict  int            // how often since the last join
}

// NewKeeper returns the keeper of the sessions' rooms; they tell it of every
// join.
func NewKeeper(s *Sessions, prosody Prosody) *Keeper {
	k := &Keeper{sessions: s, rooms: prosody, log: s.log, wake: make(chan struct{}, 1), welcomes: make(chan struct{}, maxWelcomes),
		searches: make(chan struct{}, maxSearches), tasks: map[string]*task{}, sets: map[GivenKey]time.Time{}, watchNow: make(chan struct{}, 1)}
	k.notifier = newNotifier(s, newRoster(s, prosody), prosody)
	return k
}

// joined has a room looked at shortly after a join was allowed.
func (k *Keeper) joined(room, jid string) { k.enqueue(room, jid, retries()[0]) }

// changed has a room looked at now.
func (k *Keeper) changed(room, jid string) { k.enqueue(room, jid, 0) }

// urgent has a room looked at now, though it may be large and have no rest.
func (k *Keeper) urgent(room, jid string) {
	k.enqueue(room, jid, 0)
	k.mu.Lock()
	if t := k.tasks[room]; t != nil {
		t.urgent = true
	}
	k.mu.Unlock()
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

func (k *Keeper) enqueue(room, jid string, after time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	t := k.task(room)
	if t == nil {
		return
	}
	_, known := t.tries[jid]
	switch {
	case known:
		t.tries[jid] = 0
	case k.waiting < maxWaiting:
		t.tries[jid] = 0
		k.waiting++
	default: // everybody, then
		t.all = max(t.all, 1)
	}
	t.strict = 0
	t.sooner(time.Now().Add(after))
}

// task wants the lock. It returns nil at the bound; what is left out is found
// again at the next join or reconnection.
func (k *Keeper) task(room string) *task {
	t := k.tasks[room]
	if t == nil && len(k.tasks) < maxTasks {
		t = &task{tries: map[string]int{}}
		k.tasks[room] = t
	}
	return t
}

func (t *task) sooner(due time.Time) {
	if t.due.IsZero() || due.Before(t.due) {
		t.due = due
	}
}

// resync has every room looked at, one after the other.
func (k *Keeper) resync() {
	due := time.Now()
	for rooms := range slices.Chunk(k.sessions.knownRooms(), portion) { // joins wait for this lock too
		k.mu.Lock()
		for _, room := range rooms {
			if t := k.task(room); t != nil {
				t.all = len(resyncs())
				t.sooner(due)
				due = due.Add(resyncInterval)
			}
		}
		k.mu.Unlock()
	}
}

// Run looks at rooms until ctx ends. Whenever the rooms become reachable all
// of them are looked at.
func (k *Keeper) Run(ctx context.Context) error {
	k.group.Open(ctx)
	defer k.group.Close()
	k.group.Go(func(ctx context.Context) { _ = k.notifier.Run(ctx) })
	k.group.Go(k.watch)
	slots := make(chan struct{}, keeperWorkers)
	tick := time.NewTicker(keeperTick)
	defer tick.Stop()
	reachable := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-k.rooms.Connected():
			reachable = true
			k.beginAnew(k.rooms.Connection())
			select {
			case k.watchNow <- struct{}{}:
			default:
			}
			k.resync()
		case <-k.wake:
		case <-tick.C:
		}
		for reachable && k.startOne(slots) {
		}
	}
}

// startOne starts the work on the room that is due for the longest.
func (k *Keeper) startOne(slots chan struct{}) bool {
	select {
	case slots <- struct{}{}:
	default:
		return false
	}
	room, t := k.due()
	if t == nil {
		<-slots
		return false
	}
	started := k.group.Go(func(ctx context.Context) {
		defer func() { <-slots }()
		k.look(ctx, room, t)
	})
	if !started {
		<-slots
	}
	return started
}

func (k *Keeper) due() (room string, t *task) {
	now := time.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	for name, other := range k.tasks {
		switch {
		case other.running || now.Before(other.rest) && !other.urgent || now.Before(other.due):
		case other.due.IsZero():
			k.waiting -= len(other.tries)
			delete(k.tasks, name)
		case t == nil || other.due.Before(t.due):
			room, t = name, other
		}
	}
	if t != nil {
		t.running, t.urgent, t.due = true, false, time.Time{}
	}
	return room, t
}
