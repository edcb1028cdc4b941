package clustertest

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"usher/internal/cluster"
	"usher/internal/cluster/membus"
)

// A World is an engine and the nodes around it. It is for one goroutine, but for what its nodes
// do themselves.
type World struct {
	Engine *membus.Engine
	Nodes  map[string]*Member
	Keys   *cluster.Keys
	Log    *slog.Logger

	mu    sync.Mutex
	seen  map[cluster.Counted]int
	tasks sync.WaitGroup
}

// A Member is a node of a world, which may run or not.
type Member struct {
	*State
	Node    *cluster.Node // of the last start
	Client  *membus.Client
	Options cluster.Options
	Keys    *cluster.Keys
	Skew    atomic.Int64 // nanoseconds by which its clock is ahead

	world *World
	stop  context.CancelFunc
	ended chan struct{}
	err   error
}

// NewWorld returns one without nodes.
func NewWorld() *World {
	keys, err := cluster.NewKeys("test", []byte("a secret of the test that is long enough"))
	if err != nil {
		panic(err)
	}
	return &World{Engine: membus.New(), Nodes: map[string]*Member{}, Keys: keys, seen: map[cluster.Counted]int{},
		Log: slog.New(slog.DiscardHandler)}
}

// Staleness is that of all nodes, unless a test sets another.
const Staleness = 30 * time.Second

// Add adds a node of a cell, and does not start it.
func (w *World) Add(name, cell string) *Member {
	m := w.member()
	m.Options = cluster.Options{Node: name, Cell: cell, Staleness: Staleness, Machine: "machine of " + name,
		State: "state of " + name, Usher: "test", Log: w.Log.With("at", name), Now: m.now, Seen: w.count}
	w.Nodes[name] = m
	return m
}

func (w *World) member() *Member {
	m := &Member{world: w, Client: w.Engine.Client(), Keys: w.Keys}
	m.State = NewState(m.now)
	return m
}

// Second returns another usher with the name of a node, on another machine. It is none of the
// world's nodes: who started it stops it.
func (w *World) Second(name string) *Member {
	m := w.member()
	m.Options = w.Nodes[name].Options
	m.Options.Machine, m.Options.State, m.Options.Now = "another machine", "another state", m.now
	return m
}

func (m *Member) now() time.Time { return time.Now().Add(time.Duration(m.Skew.Load())) }

func (w *World) count(e cluster.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen[e.What] += e.N
}

// Seen returns how often something happened at all nodes.
func (w *World) Seen(what cluster.Counted) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen[what]
}

// Start starts a node that does not run.
func (m *Member) Start() {
	node, err := cluster.New(m.Client, m.Keys, m.State, m.State, m.Options)
	if err != nil {
		panic(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	m.Node, m.stop, m.ended = node, stop, make(chan struct{})
	m.world.tasks.Go(func() {
		defer close(m.ended)
		m.err = node.Run(ctx)
	})
}

// Runs reports whether the node was started and not stopped.
func (m *Member) Runs() bool { return m.stop != nil }

// Stop ends a node as a kill does: what it had not published stays in its journal.
func (m *Member) Stop() {
	if m.stop != nil {
		m.stop()
		<-m.ended
		m.stop = nil
	}
}

// Restore stops a node, and starts it with another state.
func (m *Member) Restore(s *State) {
	m.Stop()
	s.SetClock(m.now)
	m.State = s
	m.Start()
}

// Ended returns the error by which the node has ended by itself; nil: it has not.
func (m *Member) Ended() error {
	select {
	case <-m.ended:
		return m.err
	default:
		return nil
	}
}

// Close stops all nodes.
func (w *World) Close() {
	for _, m := range w.Nodes {
		m.Stop()
	}
	w.tasks.Wait()
}

// Differ says in what the nodes are not equal: all of them in what is global, those of a cell in
// their sessions; or nothing.
func (w *World) Differ() string {
	names := slices.Sorted(maps.Keys(w.Nodes))
	for i, a := range names {
		for _, b := range names[i+1:] {
			one, other := w.Nodes[a], w.Nodes[b]
			if !one.Runs() || !other.Runs() {
				continue
			}
			if text := one.State.Differs(other.State, one.Options.Cell == other.Options.Cell); text != "" {
				return fmt.Sprintf("%s and %s differ in %s", a, b, text)
			}
		}
	}
	return ""
}
