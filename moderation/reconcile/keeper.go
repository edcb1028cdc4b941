package reconcile

import (
	"context"
	"errors"
	"log/slog"
	"sync"
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

// KeeperOptions are the collaborators of a [Keeper]. A nil Log or Metrics is a no-op; a
// nil Now is time.Now.
type KeeperOptions struct {
	Sessions *sessions.Sessions
	Rooms    Rooms
	Lobby    *lobby.Lobby      // nil: no lobby
	Unasked  *unasked.Reporter // of what is seen of whether Prosody asks
	Log      *slog.Logger
	Metrics  *metrics.Metrics
	Now      func() time.Time // the clock of what is written down
}

// A Keeper sees to it that rooms are as the sessions say. It compares and sets;
// so it does not matter what was missed in between, by a restart of either
// side or a connection that was cut.
type Keeper struct {
	sessions *sessions.Sessions
	kept     *sessions.Rooms
	rooms    Rooms
	lobby    *lobby.Lobby // may be nil
	unasked  *unasked.Reporter
	log      *slog.Logger
	metrics  *metrics.Metrics
	now      func() time.Time

	group    taskgroup.Group // all that was started besides Run
	queue    *queue
	setting  *settings
	welcomes *semaphore.Weighted // a place for each that is under way
	searches *semaphore.Weighted // likewise
	watchNow chan struct{}       // a round is due

	mu      sync.Mutex
	watched uint64 // the connection on which rooms are watched
}

// NewKeeper returns a keeper of rooms, which does nothing before Run.
func NewKeeper(o KeeperOptions) *Keeper {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = metrics.New("")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Keeper{sessions: o.Sessions, kept: o.Sessions.Rooms(), rooms: o.Rooms, lobby: o.Lobby, unasked: o.Unasked, log: o.Log, metrics: o.Metrics, now: o.Now,
		queue: newQueue(), setting: newSettings(), watchNow: make(chan struct{}, 1),
		welcomes: semaphore.NewWeighted(maxWelcomes), searches: semaphore.NewWeighted(maxSearches)}
}

// Joined has a room reconciled shortly after a join was allowed.
func (k *Keeper) Joined(room, jid string) { k.queue.add(room, jid, retries()[0]) }

// changed has a room reconciled now.
func (k *Keeper) changed(room, jid string) { k.queue.add(room, jid, 0) }

// Urgent has a room reconciled now, though it may be large and its cooldown not over.
func (k *Keeper) Urgent(room, jid string) { k.queue.addUrgent(room, jid) }

// InFlight reports whether an affiliation is being set, or was a moment ago.
func (k *Keeper) InFlight(room, jid string) bool {
	return k.setting.underWay(moderation.AssignmentKey{Room: room, JID: jid})
}

// resync has every room reconciled, one after the other.
func (k *Keeper) resync() { k.queue.addAll(k.kept.Known()) }

// Touch has reconciled what was touched.
func (k *Keeper) Touch(t sessions.Touched) {
	for _, key := range t.Accounts {
		k.changed(key.Room, key.JID)
	}
	if t.Login != nil {
		k.loggedIn(t.Login)
	}
	if t.All {
		k.resync()
	}
}

// loggedIn has every room looked at in which a new login may change what somebody
// is. In one that only lets members in that is done at once: the join follows.
func (k *Keeper) loggedIn(g *moderation.Session) {
	jid := g.JID()
	h := k.sessions.Policy().Host(g.Host)
	at := k.kept.OfLogin(h, g)
	for i, room := range at.Rooms {
		if at.MembersOnly[i] {
			k.welcome(room, jid)
		} else {
			k.changed(room, jid)
		}
	}
	if h != nil && at.AnyMembersOnly && g.Wildcard() {
		k.welcomeEverywhere(h, g, at.Rooms)
	}
}

// Run reconciles rooms until ctx ends. Whenever the rooms become reachable all
// of them are reconciled. It sleeps until the next room is due.
func (k *Keeper) Run(ctx context.Context) error {
	k.group.Open(ctx)
	defer k.group.Close()
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

// reconcile makes a room be as the sessions say.
func (k *Keeper) reconcile(ctx context.Context, j *job) outcome {
	ctx, cancel := context.WithTimeout(ctx, runWithin)
	defer cancel()
	p := &pass{Keeper: k, room: j.room, all: j.everyone, jids: map[string]bool{}}
	for jid := range j.tries {
		p.jids[jid] = true
	}
	began := time.Now()
	again, err := p.run(ctx)
	return outcome{took: time.Since(began), gone: errors.Is(err, moderation.ErrNoRoom), trouble: err != nil && !errors.Is(err, moderation.ErrNoRoom), again: again, strict: p.strict}
}
