package reconcile

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"golang.org/x/sync/semaphore"

	"usher/internal/taskgroup"
	"usher/lobby"
	"usher/metrics"
	"usher/moderation"
	"usher/moderation/sessions"
	"usher/moderation/unasked"
)

const runWithin = 30 * time.Second // over one room

// Options are the collaborators of a [Reconciler]. A nil Log or Metrics is a no-op; a
// nil Now is time.Now.
type Options struct {
	Sessions *sessions.Sessions
	Rooms    Rooms
	Lobby    *lobby.Lobby      // nil: no lobby
	Streams  Streams           // of who was demoted; nil: they need not be cut
	Unasked  *unasked.Reporter // told of what shows whether Prosody asks
	Log      *slog.Logger
	Metrics  *metrics.Metrics
	Now      func() time.Time // the clock of what is written down
}

// A Reconciler makes rooms be as the sessions say. It is safe for concurrent use.
type Reconciler struct {
	sessions *sessions.Sessions
	kept     *sessions.Rooms
	rooms    Rooms
	lobby    *lobby.Lobby // may be nil
	streams  Streams      // may be nil
	unasked  *unasked.Reporter
	log      *slog.Logger
	metrics  *metrics.Metrics
	now      func() time.Time

	group    taskgroup.Group // all that was started besides Run
	queue    *queue
	inFlight *inFlight
	watch    *watch
	grants   *semaphore.Weighted // at login and before joins, in rooms at the same time
	searches *semaphore.Weighted // for the rooms of a login
}

// New returns a reconciler, which does nothing before Run.
func New(o Options) *Reconciler {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = metrics.New("")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Reconciler{
		sessions: o.Sessions, kept: o.Sessions.Rooms(), rooms: o.Rooms, lobby: o.Lobby, streams: o.Streams,
		unasked: o.Unasked, log: o.Log, metrics: o.Metrics, now: o.Now,
		queue: newQueue(), inFlight: newInFlight(), watch: newWatch(o.Rooms, o.Sessions, o.Unasked),
		grants: semaphore.NewWeighted(maxGrants), searches: semaphore.NewWeighted(maxSearches),
	}
}

// Touch has reconciled what was touched: now, and in rooms that only let members in
// what a login grants at once.
func (r *Reconciler) Touch(t sessions.Touched) {
	for _, key := range t.Accounts {
		r.soon(key.Room, key.JID)
	}
	if t.Login != nil {
		r.loggedIn(t.Login)
	}
	if t.All {
		r.resync()
	}
}

// Joined has a room reconciled for an account shortly after its join was allowed.
func (r *Reconciler) Joined(room, account string) { r.queue.add(room, account, retries()[0]) }

// Urgent has a room reconciled for an account now, though it may be large and its
// cooldown not over.
func (r *Reconciler) Urgent(room, account string) { r.queue.addUrgent(room, account) }

// soon has a room reconciled for an account once its cooldown is over.
func (r *Reconciler) soon(room, account string) { r.queue.add(room, account, 0) }

// resync has every room reconciled as a whole, one after the other.
func (r *Reconciler) resync() { r.queue.addAll(r.kept.Known()) }

// InFlight reports whether what an account is to a room is being set, or was set a
// moment ago: its join may have been begun as what it was before.
func (r *Reconciler) InFlight(room, account string) bool {
	return r.inFlight.has(moderation.AssignmentKey{Room: room, JID: account})
}

// Run reconciles rooms until ctx ends. Whenever the rooms become reachable all of them
// are reconciled.
func (r *Reconciler) Run(ctx context.Context) error {
	r.group.Open(ctx)
	defer r.group.Close()
	r.group.Go(r.watch.run)
	due := time.NewTimer(0)
	defer due.Stop()
	connected := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.rooms.Connected():
			connected = true
			r.watch.connected(r.rooms.Connection())
			r.resync()
		case <-r.queue.changed:
		case <-due.C:
		}
		due.Stop()
		if !connected || r.rooms.Connection() == 0 { // Connected will say when it is worth a try
			continue
		}
		if wait := r.startDue(); wait >= 0 {
			due.Reset(wait)
		}
	}
}

// startDue starts the runs over the rooms that are due. It returns when to come back,
// or a negative duration if there is nothing to come back for.
func (r *Reconciler) startDue() time.Duration {
	for {
		j, wait := r.queue.take()
		if j == nil {
			return wait
		}
		if !r.group.Go(func(ctx context.Context) { r.queue.done(j, r.reconcile(ctx, j)) }) {
			r.queue.done(j, outcome{trouble: true})
			return -1
		}
	}
}

// reconcile is one run over a room.
func (r *Reconciler) reconcile(ctx context.Context, j *job) outcome {
	ctx, cancel := context.WithTimeout(ctx, runWithin)
	defer cancel()
	over := r.over(j.room)
	over.everyone, over.demoted = j.everyone, j.demoted.recent()
	for account := range j.tries {
		over.accounts[account] = true
	}
	began := time.Now()
	again, err := over.reconcile(ctx)
	gone := errors.Is(err, moderation.ErrNoRoom)
	return outcome{took: time.Since(began), gone: gone, trouble: err != nil && !gone,
		again: again, strict: over.strict, demoted: over.demoted}
}
