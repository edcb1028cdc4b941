package moderation

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"usher/internal/taskgroup"
)

const runWithin = 30 * time.Second // over one room

// A Keeper sees to it that rooms are as the grants say. It compares and sets;
// so it does not matter what was missed in between, by a restart of either
// side or a connection that was cut.
type Keeper struct {
	sessions *Sessions
	rooms    Rooms
	notifier *Notifier
	log      *slog.Logger
	welcomes chan struct{}   // a place for each that is under way
	searches chan struct{}   // likewise
	group    taskgroup.Group // all that was started besides Run

	watchNow chan struct{} // a round is due

	queue   *queue
	setting *settings

	mu      sync.Mutex
	watched uint64 // the connection on which rooms are watched
}

// NewKeeper returns the keeper of the sessions' rooms; they tell it of every
// join.
func NewKeeper(s *Sessions, prosody Prosody) *Keeper {
	k := &Keeper{sessions: s, rooms: prosody, log: s.log, queue: newQueue(), setting: newSettings(),
		welcomes: make(chan struct{}, maxWelcomes), searches: make(chan struct{}, maxSearches), watchNow: make(chan struct{}, 1)}
	k.notifier = newNotifier(s, newRoster(s, prosody), prosody)
	return k
}

// joined has a room reconciled shortly after a join was allowed.
func (k *Keeper) joined(room, jid string) { k.queue.add(room, jid, retries()[0]) }

// changed has a room reconciled now.
func (k *Keeper) changed(room, jid string) { k.queue.add(room, jid, 0) }

// urgent has a room reconciled now, though it may be large and its cooldown not over.
func (k *Keeper) urgent(room, jid string) { k.queue.addUrgent(room, jid) }

// resync has every room reconciled, one after the other.
func (k *Keeper) resync() { k.queue.addAll(k.sessions.knownRooms()) }

// Run reconciles rooms until ctx ends. Whenever the rooms become reachable all
// of them are reconciled. It sleeps until the next room is due.
func (k *Keeper) Run(ctx context.Context) error {
	k.group.Open(ctx)
	defer k.group.Close()
	k.group.Go(func(ctx context.Context) { _ = k.notifier.Run(ctx) })
	k.group.Go(k.watch)
	due := time.NewTimer(0)
	defer due.Stop()
	connected := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-k.rooms.Connected():
			connected = true
			k.beginAnew(k.rooms.Connection())
			select {
			case k.watchNow <- struct{}{}:
			default:
			}
			k.resync()
		case <-k.queue.changed:
		case <-due.C:
		}
		due.Stop()
		if !connected || k.rooms.Connection() == 0 { // Connected will say when it is worth a try
			continue
		}
		if wait := k.startDue(); wait >= 0 {
			due.Reset(wait)
		}
	}
}

// startDue starts the work on the rooms that are due. It returns when to come back,
// or a negative duration if there is nothing to come back for.
func (k *Keeper) startDue() time.Duration {
	for {
		j, wait := k.queue.take()
		if j == nil {
			return wait
		}
		if !k.group.Go(func(ctx context.Context) { k.queue.done(j, k.reconcile(ctx, j)) }) {
			k.queue.done(j, outcome{trouble: true})
			return -1
		}
	}
}

// reconcile makes a room be as the grants say.
func (k *Keeper) reconcile(ctx context.Context, j *job) outcome {
	ctx, cancel := context.WithTimeout(ctx, runWithin)
	defer cancel()
	p := &pass{Keeper: k, room: j.room, all: j.everyone, jids: map[string]bool{}}
	for jid := range j.tries {
		p.jids[jid] = true
	}
	began := time.Now()
	again, err := p.run(ctx)
	return outcome{took: time.Since(began), gone: errors.Is(err, ErrNoRoom), trouble: err != nil && !errors.Is(err, ErrNoRoom), again: again, strict: p.strict}
}
