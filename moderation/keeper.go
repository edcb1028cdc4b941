package moderation

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// Rooms is how the rooms of a Prosody are read and changed. Every call has a
// deadline of its own.
type Rooms interface {
	// Affiliations returns what the bare JIDs are that are anything to a room.
	Affiliations(ctx context.Context, room string) (map[string]Affiliation, error)
	// Occupants returns who is in a room.
	Occupants(ctx context.Context, room string) ([]Occupant, error)
	// SetAffiliation makes a bare JID be something to a room. Setting what
	// there is already has the occupants' roles computed anew.
	SetAffiliation(ctx context.Context, room, jid string, a Affiliation) error
	// ReadAndSet is Affiliations and then SetAffiliation, with nothing in between:
	// what it returns was so right before.
	ReadAndSet(ctx context.Context, room, jid string, a Affiliation) (map[string]Affiliation, error)
	// MembersOnly reports whether a room only lets members in.
	MembersOnly(ctx context.Context, room string) (bool, error)
	// SetMembersOnly makes it so, or not.
	SetMembersOnly(ctx context.Context, room string, yes bool) error
	// MainRoom returns the bare JID of the room that a breakout room belongs to.
	MainRoom(ctx context.Context, room string) (string, error)
	// Connection numbers the present connection: another number means that
	// anything may have changed meanwhile. Zero is none.
	Connection() uint64
	// Connected receives a value each time the rooms become reachable. It is
	// always the same channel, for one reader.
	Connected() <-chan struct{}
}

// A Prosody is all that a [Keeper] wants of one.
type Prosody interface {
	Rooms
	Messenger
}

// The errors of [Rooms] that say something about the room.
var (
	ErrNoRoom      = errors.New("there is no such room")
	ErrForbidden   = errors.New("the room does not let usher do this")
	ErrUnreachable = errors.New("the rooms cannot be reached")
	ErrRefused     = errors.New("the room refuses this change")
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
	sessions  *Sessions
	rooms     Rooms
	messenger Messenger
	bell      *bell
	log       *slog.Logger
	wake      chan struct{} // something is due now
	welcomes  chan struct{} // a place for each that is under way

	mu      sync.Mutex
	seen    map[string][]string // who was moderator of a room, as a hint
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
	k := &Keeper{sessions: s, rooms: prosody, messenger: prosody, log: s.log, wake: make(chan struct{}, 1), welcomes: make(chan struct{}, maxWelcomes), tasks: map[string]*task{}}
	k.bell = newBell(k)
	s.keeper.Store(k)
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
	k.mu.Lock()
	defer k.mu.Unlock()
	due := time.Now()
	for _, room := range k.sessions.knownRooms() {
		if t := k.task(room); t != nil {
			t.all = len(resyncs())
			t.sooner(due)
			due = due.Add(resyncInterval)
		}
	}
}

// Run looks at rooms until ctx ends. Whenever the rooms become reachable all
// of them are looked at.
func (k *Keeper) Run(ctx context.Context) error {
	var workers sync.WaitGroup
	defer workers.Wait()
	workers.Go(func() { k.bell.run(ctx) })
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
			k.resync()
		case <-k.wake:
		case <-tick.C:
		}
		for reachable && k.startOne(ctx, &workers, slots) {
		}
	}
}

// startOne starts the work on the room that is due for the longest.
func (k *Keeper) startOne(ctx context.Context, workers *sync.WaitGroup, slots chan struct{}) bool {
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
	workers.Go(func() {
		defer func() { <-slots }()
		k.look(ctx, room, t)
	})
	return true
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

// look does one pass over a room and says when the next is due.
func (k *Keeper) look(ctx context.Context, room string, t *task) {
	ctx, cancel := context.WithTimeout(ctx, passWithin)
	defer cancel()
	k.mu.Lock()
	p := &pass{Keeper: k, room: room, all: t.all > 0, jids: map[string]bool{}}
	before := t.tries
	t.tries = map[string]int{} // of those who join, or get another token, meanwhile
	for jid := range before {
		p.jids[jid] = true
	}
	k.mu.Unlock()
	began := time.Now()
	open, err := p.run(ctx)
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	t.running, t.rest = false, now.Add(min(restFactor*now.Sub(began), maxRest))
	k.settle(t, before, func(jid string, n int) (int, bool) {
		if err != nil {
			return n, !errors.Is(err, ErrNoRoom)
		}
		return n + 1, open[jid] && n+1 < len(retries())
	})
	switch {
	case errors.Is(err, ErrNoRoom):
		t.all = 0
	case err != nil:
		t.sooner(now.Add(afterTrouble))
		return
	}
	for _, n := range t.tries {
		t.sooner(now.Add(retries()[n]))
	}
	if err == nil && p.all && t.all > 0 {
		if t.all--; t.all > 0 {
			t.sooner(now.Add(resyncs()[len(resyncs())-t.all]))
		}
	}
	if err == nil && p.strict {
		t.strict++
		wait := strictEvery
		if t.strict < len(retries()) {
			wait = retries()[t.strict]
		}
		t.sooner(now.Add(wait))
	}
}

// settle wants the lock. Of the accounts that were looked at it keeps those
// that have to be looked at again, with how often they were; those that came in
// again meanwhile begin anew.
func (k *Keeper) settle(t *task, looked map[string]int, again func(jid string, n int) (int, bool)) {
	for jid, n := range looked {
		_, back := t.tries[jid]
		n, keep := again(jid, n)
		if back || !keep {
			k.waiting--
			continue
		}
		t.tries[jid] = n
	}
}
