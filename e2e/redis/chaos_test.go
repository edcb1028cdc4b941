package redis_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/e2e/redis"
	"usher/e2e/redis/redistest"
	"usher/internal/cluster"
	"usher/internal/cluster/clustertest"
	bus "usher/internal/redis"
)

var (
	seed  = flag.Uint64("seed", 0, "of the chaos; 0: that of the moment")
	steps = flag.Int("steps", 15, "of the chaos, about two in a second")
)

// chaosStaleness is that of its nodes.
const chaosStaleness = 10 * time.Second

// A chaos is three servers, their Sentinel and three nodes, to which anything happens.
type chaos struct {
	*testing.T
	rand     *rand.Rand
	servers  []*redis.Server
	stopped  map[*redis.Server]bool // suspended
	killed   map[*redis.Server]bool
	sentinel *redis.Server
	nodes    []*chaosNode
	keys     *cluster.Keys
	tasks    sync.WaitGroup
	did      []string

	mu   sync.Mutex
	told []*told
}

// A told is a revocation, and when the engine had taken it.
type told struct {
	by        *chaosNode
	user      int
	at        time.Time
	published time.Time
	knows     func(*clustertest.State) bool
}

type chaosNode struct {
	*clustertest.State
	name string
	node *cluster.Node
	stop func()    // nil: it does not run
	from time.Time // since when it runs
}

func newChaos(t *testing.T, seed uint64) *chaos {
	t.Helper()
	c := &chaos{T: t, rand: rand.New(rand.NewPCG(seed, 0)), stopped: map[*redis.Server]bool{},
		killed: map[*redis.Server]bool{}}
	lines := []string{"min-replicas-to-write 1", "min-replicas-max-lag 1", "repl-ping-replica-period 1",
		"appendonly yes", "appendfsync everysec"}
	primary := ""
	for range 3 {
		s := redistest.Start(t, redis.Config{Primary: primary, Lines: lines})
		c.servers = append(c.servers, s)
		primary = c.servers[0].Address()
	}
	redistest.Says(t, c.servers[0], "min_slaves_good_slaves:2", "INFO", "replication")
	s, err := redis.StartSentinel(t.Context(), redis.Config{Dir: t.TempDir()}, "usher", c.servers[0], 1)
	c.sentinel = redistest.Running(t, s, err)
	redistest.Says(t, c.sentinel, "slaves=2", "INFO", "sentinel")
	redistest.Replaces(t, c.sentinel) // of a slow one, too
	if c.keys, err = cluster.NewKeys("test", []byte("a secret of the test that is long enough")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "b", "c"} {
		n := &chaosNode{State: clustertest.NewState(time.Now), name: name}
		c.nodes = append(c.nodes, n)
		c.startNode(n)
	}
	return c
}

func (c *chaos) startNode(n *chaosNode) {
	b, err := bus.New(bus.Options{Sentinel: "usher", Sentinels: []string{c.sentinel.Address()}})
	if err != nil {
		c.Fatal(err)
	}
	n.node, err = cluster.New(b, c.keys, n.State, n.State, cluster.Options{Node: n.name, Cell: "shard1",
		Staleness: chaosStaleness, Machine: "machine of " + n.name, State: "state of " + n.name, Usher: "test",
		Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		c.Fatal(err)
	}
	n.from = time.Now()
	ctx, cancel := context.WithCancel(c.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = n.node.Run(ctx)
	}()
	n.stop = func() {
		cancel()
		<-ended
		b.Close()
	}
}

// step does one thing.
func (c *chaos) step() {
	server := c.servers[c.rand.IntN(len(c.servers))]
	node := c.nodes[c.rand.IntN(len(c.nodes))]
	switch kind := c.rand.IntN(12); {
	case kind < 5:
		c.revoke(node)
	case kind < 6 && !c.killed[server] && !c.stopped[server]:
		c.note("kill " + server.Address())
		server.Kill()
		c.killed[server] = true
	case kind < 7 && !c.killed[server] && !c.stopped[server]:
		c.note("suspend " + server.Address())
		c.must(server.Suspend())
		c.stopped[server] = true
	case kind < 10:
		c.mend(server)
	case kind < 11 && node.stop != nil:
		c.note("kill node " + node.name)
		node.stop()
		node.stop = nil
	case node.stop == nil:
		c.note("start node " + node.name)
		c.startNode(node)
	}
}

// mend has a server be as it was, unless it is.
func (c *chaos) mend(server *redis.Server) {
	switch {
	case c.killed[server]:
		c.note("restart " + server.Address())
		c.must(server.Restart(c.Context()))
		c.killed[server] = false
	case c.stopped[server]:
		c.note("resume " + server.Address())
		c.must(server.Resume())
		c.stopped[server] = false
	}
}

func (c *chaos) must(err error) {
	if err != nil {
		c.Fatal(err)
	}
}

func (c *chaos) note(text string) { c.did = append(c.did, text) }

func (c *chaos) revoke(n *chaosNode) {
	user := len(c.told)
	v, mark := n.Revoke(n.name, fmt.Sprint("user", user))
	c.note(fmt.Sprintf("revoke %d at %s", user, n.name))
	t := &told{by: n, user: user, at: time.Now(), knows: func(s *clustertest.State) bool { return s.Knows(v) }}
	c.mu.Lock()
	c.told = append(c.told, t)
	c.mu.Unlock()
	if n.stop == nil {
		return
	}
	node := n.node
	c.tasks.Go(func() {
		ctx, cancel := context.WithTimeout(c.Context(), 2*time.Second)
		defer cancel()
		if _, err := node.Know(ctx, false, mark); !errors.Is(err, cluster.ErrUnpublished) {
			c.mu.Lock()
			t.published = time.Now()
			c.mu.Unlock()
		}
	})
}

// check says what a fresh node does not know though its time has passed since the engine took it, or nothing. Servers
// may have lost it since: then the node that made it, if that lives, has published it again, or the others are not
// fresh.
func (c *chaos) check() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range c.nodes {
		if n.stop == nil || !n.node.Fresh() {
			continue
		}
		for _, t := range c.told {
			lives := t.by.stop != nil && t.by.from.Before(t.at)
			due := !t.published.IsZero() && time.Since(t.published) > chaosStaleness+time.Second
			if lives && due && !t.knows(n.State) {
				return fmt.Sprintf("%s is fresh and does not know of %d, revoked at %s", n.name, t.user, t.by.name)
			}
		}
	}
	return ""
}

// quiet mends everything, and says in what the nodes are not equal some time later.
func (c *chaos) quiet() (differ string) {
	for _, s := range c.servers {
		c.mend(s)
	}
	for _, n := range c.nodes {
		if n.stop == nil {
			c.startNode(n)
		}
	}
	for end := time.Now().Add(90 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if differ = c.differ(); differ == "" {
			return ""
		}
	}
	return differ
}

func (c *chaos) differ() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range c.nodes {
		for _, t := range c.told {
			if !t.knows(n.State) {
				return fmt.Sprintf("%s does not know of %d, revoked at %s", n.name, t.user, t.by.name)
			}
		}
		if text := n.Differs(c.nodes[0].State, true); text != "" {
			return n.name + ": " + text
		}
		if !n.node.Fresh() {
			return fmt.Sprintf("%s is not fresh: %+v", n.name, n.node.Report())
		}
	}
	return ""
}

// TestChaos: servers are killed and suspended, nodes end and begin; no fresh node misses what it must have heard of,
// and after quiet all nodes know everything. With -seed and -steps it is another, or a longer one; what happens by
// itself meanwhile no seed says.
func TestChaos(t *testing.T) {
	t.Parallel()
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	c := newChaos(t, *seed)
	defer c.tasks.Wait()
	defer func() {
		for _, n := range c.nodes {
			if n.stop != nil {
				n.stop()
			}
		}
	}()
	wrong := ""
	for n := 0; n < *steps && wrong == ""; n++ {
		c.step()
		time.Sleep(time.Duration(c.rand.IntN(1000)) * time.Millisecond)
		wrong = c.check()
	}
	if wrong == "" {
		wrong = c.quiet()
	}
	if wrong != "" {
		t.Fatalf("seed %d: %s\n%s", *seed, wrong, strings.Join(c.did, "\n"))
	}
	t.Logf("seed %d: %d steps, %d revocations, all known", *seed, *steps, len(c.told))
}
