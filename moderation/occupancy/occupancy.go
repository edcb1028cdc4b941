package occupancy

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"usher/internal/behind"
	"usher/internal/guard"
	"usher/internal/logattr"
	"usher/internal/ratelimit"
	"usher/metrics"
)

// Grace is how long a room stays started without a connection of anybody in it.
const Grace = time.Minute

// Kept is how long an account is remembered in its rooms that is not connected: no stream can
// be resumed after that.
const Kept = 15 * time.Minute

const enterWithin = 250 * time.Millisecond

// Rooms keep which rooms are started.
type Rooms interface {
	// SetStarted notes that a room, a bare JID, is started, or is not. A yes is written when
	// it returns nil.
	SetStarted(ctx context.Context, room string, yes bool) error
	// StartedHere returns the rooms that are started by whom the gateway saw in them.
	StartedHere() []string
}

// Options are the collaborators of an [Occupancy]. A nil Log or Metrics is a no-op; a nil Now
// is time.Now; no Limits are [UsualLimits].
type Options struct {
	Log     *slog.Logger
	Metrics *metrics.Metrics
	Now     func() time.Time
	Limits  Limits
}

// An Occupancy knows whom the gateway saw in rooms. It is safe for concurrent use.
type Occupancy struct {
	store   Store
	rooms   Rooms
	log     *slog.Logger
	metrics *metrics.Metrics
	now     func() time.Time
	behind  *behind.Keys[Key]
	full    ratelimit.Log

	telling sync.Mutex // held while the rooms are told what holds now

	mu    sync.Mutex
	table table
	look  map[string]bool // rooms to be looked at
}

// New returns an occupancy without what the store kept: [Occupancy.Load] brings that. The
// store stays the caller's to close.
func New(store Store, rooms Rooms, o Options) *Occupancy {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = metrics.New("")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Limits == (Limits{}) {
		o.Limits = UsualLimits()
	}
	return &Occupancy{store: store, rooms: rooms, log: o.Log, metrics: o.Metrics, now: o.Now,
		behind: behind.New[Key](),
		table:  newTable(o.Limits), look: map[string]bool{}}
}

// Load takes over whom the store kept: none of them is connected. It is called once, before
// the occupancy is told of anybody and before [Occupancy.Run].
func (c *Occupancy) Load(ctx context.Context) error {
	kept, err := c.store.LoadOccupants(ctx)
	if err != nil {
		return fmt.Errorf("loading who is in rooms: %w", err)
	}
	for part := range slices.Chunk(kept, guard.Portion) {
		c.mu.Lock()
		for _, v := range part {
			if _, ok := c.table.enter(&v); ok {
				c.table.connect(c.table.people[v.JID], c.now())
				c.look[v.Room] = true
			} else {
				c.behind.Add(Key{v.Room, v.JID})
			}
		}
		c.mu.Unlock()
	}
	return nil
}

// Entered is told that Prosody shows an account its own presence in a room, which its token
// may start. It is written when Entered returns nil.
func (c *Occupancy) Entered(ctx context.Context, o Occupant) error {
	c.mu.Lock()
	forgotten, ok := c.table.enter(&o)
	c.noteLocked(forgotten)
	if !ok {
		c.mu.Unlock()
		if n, now := c.full.Allow(); now {
			c.log.LogAttrs(ctx, slog.LevelWarn, "an account is in too many rooms, or too many accounts are in rooms: "+
				"it is not remembered in this one, and does not start it", logattr.Room(o.Room), logattr.Account(o.JID),
				logattr.NotLogged(n))
		}
		return nil
	}
	c.table.connect(c.table.people[o.JID], time.Time{})
	c.mu.Unlock()
	if err := c.put(ctx, &o); err != nil {
		c.failed(ctx, err)
		return err
	}
	c.telling.Lock()
	defer c.telling.Unlock()
	if !c.stands(o.Room) {
		return nil
	}
	return c.tell(ctx, o.Room, true) // also if it was so: Prosody may have ended a room of the name meanwhile
}

func (c *Occupancy) put(ctx context.Context, o *Occupant) error {
	return c.behind.Write(func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), enterWithin)
		defer cancel()
		return c.store.ApplyOccupants(ctx, Change{Put: o})
	})
}

func (c *Occupancy) stands(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.table.rooms[name]
	if r == nil {
		return false
	}
	yes, _ := r.stands(c.now())
	return yes
}

// Left is told that Prosody has shown an account out of a room, or that its stream is over.
func (c *Occupancy) Left(room, jid string) {
	c.mu.Lock()
	if c.table.leave(room, jid) {
		c.noteLocked([]Key{{room, jid}})
	}
	c.mu.Unlock()
}

// Gone is told that an account has left a room, and not which one: it is in none.
func (c *Occupancy) Gone(jid string) {
	c.mu.Lock()
	if p := c.table.people[jid]; p != nil {
		c.noteLocked(c.table.forget(p))
	}
	c.mu.Unlock()
}

// noteLocked wants the lock. Accounts are in rooms no more.
func (c *Occupancy) noteLocked(keys []Key) {
	for _, k := range keys {
		c.look[k.Room] = true
	}
	c.behind.Add(keys...)
}

// Disconnected is told that the connection of an account is gone.
func (c *Occupancy) Disconnected(jid string) { c.connection(jid, c.now()) }

// Resumed is told that the stream of an account goes on, by another connection.
func (c *Occupancy) Resumed(jid string) { c.connection(jid, time.Time{}) }

func (c *Occupancy) connection(jid string, lost time.Time) {
	c.mu.Lock()
	if p := c.table.people[jid]; p != nil {
		c.table.connect(p, lost)
		for name := range p.rooms {
			c.look[name] = true
		}
	}
	c.mu.Unlock()
	c.behind.Ask()
}

// Run has rooms be started no more when their time is over, and writes what is behind, until
// ctx ends.
func (c *Occupancy) Run(ctx context.Context) error {
	c.adopt()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			c.persist(ctx)
			return nil
		case <-c.behind.Asked():
		case <-timer.C:
		}
		next := c.settle(ctx)
		c.persist(ctx)
		timer.Stop()
		if !next.IsZero() {
			timer.Reset(max(0, next.Sub(c.now())))
		}
	}
}

// adopt looks at the rooms that are started by the state, also those that nobody is known to
// be in.
func (c *Occupancy) adopt() {
	for part := range slices.Chunk(c.rooms.StartedHere(), guard.Portion) {
		c.mu.Lock()
		for _, name := range part {
			if c.table.rooms[name] == nil {
				c.table.rooms[name] = &room{people: map[string]*person{}}
			}
			c.table.rooms[name].started = true
			c.look[name] = true
		}
		c.mu.Unlock()
	}
}

// settle looks at rooms whose people have changed, or whose time has come, and returns when it
// has to look again.
func (c *Occupancy) settle(ctx context.Context) (next time.Time) {
	now := c.now()
	for more := true; more; {
		next, more = c.forgetLost(now)
	}
	c.mu.Lock()
	look := c.look
	c.look = map[string]bool{}
	c.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(look)) {
		if until := c.settleRoom(ctx, name, now); !until.IsZero() {
			next = earlier(next, until)
		}
	}
	return next
}

// forgetLost forgets a portion of the people whose connection was lost too long ago. It returns
// when the next one is forgotten.
func (c *Occupancy) forgetLost(now time.Time) (next time.Time, more bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for range guard.Portion {
		first := c.table.lost.first
		if first == nil {
			return time.Time{}, false
		}
		if next = first.lost.Add(Kept); now.Before(next) {
			return next, false
		}
		c.noteLocked(c.table.forget(first))
	}
	return time.Time{}, true
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// settleRoom tells whether a room is started, and returns when that changes by itself.
func (c *Occupancy) settleRoom(ctx context.Context, name string, now time.Time) time.Time {
	c.telling.Lock()
	defer c.telling.Unlock()
	c.mu.Lock()
	r := c.table.rooms[name]
	if r == nil {
		c.mu.Unlock()
		return time.Time{}
	}
	stands, until := r.stands(now)
	if !stands {
		until = time.Time{}
	} else if !until.IsZero() {
		c.look[name] = true // looked at again by then
	}
	was := r.started
	if len(r.people) == 0 {
		delete(c.table.rooms, name)
	}
	c.mu.Unlock()
	if was != stands {
		_ = c.tell(ctx, name, stands) // counted and logged by the rooms
	}
	return until
}

// tell has the rooms know whether one is started.
func (c *Occupancy) tell(ctx context.Context, name string, yes bool) error {
	err := c.rooms.SetStarted(ctx, name, yes)
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := c.table.rooms[name]; r != nil {
		r.started = yes && err == nil
	}
	return err
}

// persist deletes what memory has forgotten.
func (c *Occupancy) persist(ctx context.Context) {
	inside := func(k Key) bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		p := c.table.people[k.JID]
		return p != nil && p.rooms[k.Room]
	}
	for _, err := range c.behind.Delete(ctx, inside, func(ctx context.Context, keys []Key) error {
		changes := make([]Change, len(keys))
		for i := range keys {
			changes[i].Delete = &keys[i]
		}
		return c.store.ApplyOccupants(ctx, changes...)
	}) {
		c.failed(ctx, err)
	}
}

func (c *Occupancy) failed(ctx context.Context, err error) {
	c.metrics.StateError(metrics.StateOccupants)
	c.log.LogAttrs(ctx, slog.LevelError, "the state cannot be written", slog.String("operation",
		metrics.StateOccupants.String()), logattr.Err(err))
}
