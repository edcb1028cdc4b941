package cluster

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"usher/internal/logattr"
)

// A Node is this usher among the others. Its methods are safe for concurrent use.
type Node struct {
	o       Options
	bus     Bus
	keys    *Keys
	state   State
	journal Journal
	began   time.Time // the beginning of asOf

	asOf   atomic.Int64           // since began: up to then this node knew what all others had published; notYet
	joined chan struct{}          // closed once asOf is something
	cannot atomic.Pointer[string] // why it cannot take part; nil or empty: it can
	writer writer

	staleness atomic.Int64 // as of Options.Staleness
	config    atomic.Pointer[string]

	global, cell *link
	incarnation  uint64
	started      time.Time
	last         time.Time // when it was there before this incarnation; zero: never
}

const notYet = -1 << 62

// ErrReplaced is of a node whose state another process uses that started later.
var ErrReplaced = errors.New("another usher runs with this node's name and state")

// errTaken is of a node whose name another usher has.
var errTaken = errors.New("another usher has this node's name")

// New returns a node, which does nothing before [Node.Run]. The bus, the state and the journal
// stay the caller's to close.
func New(bus Bus, keys *Keys, state State, journal Journal, o Options) (*Node, error) {
	for what, name := range map[string]string{"node": o.Node, "cell": o.Cell} {
		if err := CheckName(name); err != nil {
			return nil, fmt.Errorf("the name of the %s: %w", what, err)
		}
	}
	if err := checkStaleness(o.Staleness); err != nil {
		return nil, err
	}
	o.complete()
	n := &Node{o: o, bus: bus, keys: keys, state: state, journal: journal, began: o.Now(), joined: make(chan struct{})}
	n.writer.asked, n.writer.writes = make(chan struct{}, 1), make(chan struct{}, 1)
	n.global, n.cell = newLink(n, Global), newLink(n, Cell(o.Cell))
	n.asOf.Store(notYet)
	n.staleness.Store(int64(o.Staleness))
	n.SetConfig(o.Config)
	return n, nil
}

// Run takes part until ctx ends. It is a task: it waits for all that it has started. Its error
// is that of ctx, [ErrReplaced], or one of the state.
func (n *Node) Run(ctx context.Context) error {
	for {
		err := n.takePart(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case !errors.Is(err, errTaken):
			return err
		}
		n.problem("another usher has the name " + n.o.Node + " in the cluster: give this one another")
	}
}

// takePart takes the node's name, and keeps it.
func (n *Node) takePart(ctx context.Context) error {
	if err := n.takeName(ctx); err != nil {
		return err
	}
	mark := n.journal.Last()
	n.global.reset()
	n.cell.reset()
	if err := n.readVital(ctx); err != nil {
		return err
	}
	n.problem("")
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var tasks sync.WaitGroup
	tasks.Go(func() { n.feed(ctx, mark) })
	tasks.Go(func() { n.holdLease(ctx) })
	for _, l := range []*link{n.global, n.cell} {
		tasks.Go(func() { (&publisher{link: l}).run(ctx) })
		tasks.Go(func() { stop((&follower{link: l}).run(ctx)) })
	}
	tasks.Wait()
	return context.Cause(ctx)
}

// readVital reads what is vital and known here, so that it can be compared.
func (n *Node) readVital(ctx context.Context) error {
	for f, err := range n.state.Facts(ctx, Global) {
		if err != nil {
			return fmt.Errorf("reading what this node knows: %w", err)
		}
		if f.Kind.isVital() {
			n.global.vital.put(&f)
		}
	}
	return ctx.Err()
}

// feed has the links publish what changes here.
func (n *Node) feed(ctx context.Context, after Mark) {
	for {
		facts, last, err := n.journal.Next(ctx, after)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, ErrCut):
			after = n.journal.Last()
			n.global.askResync()
			n.cell.askResync()
			continue
		case err != nil:
			n.o.Log.Error("the journal cannot be read for the other ushers", logattr.Err(err))
			wait(ctx, time.Second)
			continue
		}
		var global, cell []Fact
		for _, f := range facts {
			if f.Kind.IsGlobal() {
				global = append(global, f)
			} else {
				cell = append(cell, f)
			}
		}
		n.global.enter(global, last)
		n.cell.enter(cell, last)
		after = last
	}
}

// Staleness is for how long this node may not know what the others have published. It is
// answered from memory. Before the node has heard of them it is very long.
func (n *Node) Staleness() time.Duration {
	asOf := n.asOf.Load()
	if asOf == notYet {
		return 1<<63 - 1
	}
	return n.o.Now().Sub(n.began) - time.Duration(asOf)
}

// Fresh reports whether logins may be let in: [Node.Staleness] is within the bound, if there is
// one.
func (n *Node) Fresh() bool {
	most := time.Duration(n.staleness.Load())
	return most == 0 || n.Staleness() <= most
}

// SetStaleness sets for how long this node lets people in that hears nothing; 0: for ever.
func (n *Node) SetStaleness(most time.Duration) error {
	if err := checkStaleness(most); err != nil {
		return err
	}
	n.staleness.Store(int64(most))
	return nil
}

// SetConfig sets the hash of what the nodes' configurations must agree in.
func (n *Node) SetConfig(hash string) { n.config.Store(&hash) }

func checkStaleness(most time.Duration) error {
	if most != 0 && (most < MinStaleness || most > MaxStaleness) {
		return fmt.Errorf("a staleness of %v is not between %v and %v", most, MinStaleness, MaxStaleness)
	}
	return nil
}

// Joined returns a channel that is closed once this node knows, for the first time, what the others have published.
func (n *Node) Joined() <-chan struct{} { return n.joined }

// freshAsOf notes up to when this node knows everything.
func (n *Node) freshAsOf(t time.Time) {
	if !t.IsZero() && n.asOf.Swap(int64(t.Sub(n.began))) == notYet {
		close(n.joined)
	}
}

// problem notes why this node cannot take part; empty: it can.
func (n *Node) problem(text string) {
	if old := n.cannot.Swap(&text); text != "" && (old == nil || *old != text) {
		n.o.Log.Error(text)
	}
}

// doubt notes that this node waits for another that may have its name.
func (n *Node) doubt(left time.Duration) {
	if old := n.cannot.Load(); old != nil && *old != "" {
		return
	}
	text := "an usher on another machine, or with another state, had the name " + n.o.Node +
		": this one waits up to " + seconds(left) + " to see whether that one still runs"
	n.cannot.Store(&text)
	n.o.Log.Warn(text)
}

// takeName draws an incarnation, once no other usher that lives has the name.
func (n *Node) takeName(ctx context.Context) error {
	for tries := 0; ; tries++ {
		former, beat, err := n.former(ctx)
		switch {
		case err == nil && (former == nil || beat.Machine == n.o.Machine && beat.State == n.o.State):
			n.draw(former)
			return nil
		case err == nil:
			var lives bool
			if lives, err = n.lives(ctx, former, beat); err == nil && !lives {
				n.draw(former)
				return nil
			}
			if err == nil {
				return errTaken
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		n.global.setTrouble(err)
		if tries == 0 {
			n.o.Log.Warn("the cluster cannot be reached", logattr.Err(err))
		}
		wait(ctx, backoff(tries))
	}
}

// draw makes an incarnation that is later than the former one.
func (n *Node) draw(former *Entry) {
	n.started = n.o.Now()
	n.incarnation = uint64(n.started.UnixMilli())<<20 | uint64(rand.Uint32N(1<<20))
	n.last = time.Time{}
	if former != nil {
		n.last = former.Time
		n.incarnation = max(n.incarnation, former.Incarnation+1)
	}
}

// former returns the last heartbeat under this node's name.
func (n *Node) former(ctx context.Context) (former *Entry, beat *heartbeat, err error) {
	err = n.bus.Snapshot(ctx, Global, n.o.Node, func(part []Sealed) error {
		for i := range part {
			e, err := n.keys.Open(Global, &part[i])
			if err != nil || e.Kind != KindHeartbeat {
				continue
			}
			if h, err := decodeHeartbeat(e.Body); err == nil {
				former, beat = &e, h
			}
		}
		return nil
	})
	return former, beat, err
}

var errHeard = errors.New("heard")

// lives waits for as long as another usher of this name may be silent, and reports whether it
// was heard.
func (n *Node) lives(ctx context.Context, former *Entry, beat *heartbeat) (bool, error) {
	v := view{beat: beat}
	left := former.Time.Add(v.staleness()).Sub(n.o.Now())
	left = min(max(left, 5*beatEvery(time.Duration(n.staleness.Load()), 0)), v.staleness())
	n.doubt(left)
	end, err := n.bus.End(ctx, Global)
	if err != nil {
		return false, err
	}
	within, cancel := context.WithTimeout(ctx, left)
	defer cancel()
	err = n.bus.Follow(within, Global, end, func(b Batch) error {
		for i := range b.Entries {
			e, err := n.keys.Open(Global, &b.Entries[i].Sealed)
			if err == nil && e.Node == n.o.Node {
				return errHeard
			}
		}
		return nil
	})
	switch {
	case errors.Is(err, errHeard):
		return true, nil
	case within.Err() != nil && ctx.Err() == nil:
		return false, nil
	}
	return false, err
}

// wait waits, or until ctx ends.
func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// backoff is how long to wait after so many tries that failed: little, as what waits is to be
// known soon after the engine is back.
func backoff(tries int) time.Duration {
	const least, most = 10 * time.Millisecond, 80 * time.Millisecond
	return min(most, least<<min(tries, 10))
}
