package redis_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"usher/e2e/redis"
	"usher/e2e/redis/redistest"
	"usher/internal/cluster"
	"usher/internal/cluster/clustertest"
	bus "usher/internal/redis"
)

// A member is a node of a cluster on a real engine.
type member struct {
	*clustertest.State
	node *cluster.Node
	bus  *bus.Bus
}

// join has a node take part, which ends with the test.
func join(t testing.TB, o bus.Options, name, cell string) *member {
	t.Helper()
	keys, err := cluster.NewKeys("test", []byte("a secret of the test that is long enough"))
	if err != nil {
		t.Fatal(err)
	}
	m := &member{State: clustertest.NewState(time.Now), bus: connect(t, o)}
	m.node, err = cluster.New(m.bus, keys, m.State, m.State, cluster.Options{Node: name, Cell: cell,
		Staleness: time.Minute, Machine: "machine of " + name, State: "state of " + name, Usher: "test",
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)).With("node", name)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = m.node.Run(ctx) // its error is that of ctx: the test looks at what it does
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
	return m
}

// members are nodes of one cell, all fresh.
func members(t testing.TB, o bus.Options, names ...string) (list []*member) {
	t.Helper()
	for _, name := range names {
		list = append(list, join(t, o, name, "shard1"))
	}
	for _, m := range list {
		m.becomes(t, patience, "fresh", m.node.Fresh)
	}
	return list
}

func (m *member) becomes(t testing.TB, limit time.Duration, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not %s within %s: %+v", what, limit, m.node.Report())
		}
	}
}

// revoke revokes a user at one node and returns how long it took until it knew that all nodes have it.
func revoke(t *testing.T, list []*member, user string) time.Duration {
	t.Helper()
	begin := time.Now()
	v, mark := list[0].Revoke("a", user)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	known, err := list[0].node.Know(ctx, false, mark)
	took := time.Since(begin)
	if err != nil || len(known.Missing) > 0 {
		t.Fatalf("%s after %s: %v, %v", user, took, known, err)
	}
	for _, m := range list {
		if !m.Knows(v) {
			t.Errorf("a node does not know of %s, and it was said that it does", user)
		}
	}
	return took
}

// TestNodes: on a real engine a revocation is on three nodes within moments, while one server is restarted it is
// known here alone, and soon after its return everywhere.
func TestNodes(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, redis.Config{Lines: []string{"appendonly yes", "appendfsync always"}})
	list := members(t, bus.Options{Address: s.Address()}, "a", "b", "c")
	t.Logf("a revocation is on three nodes after %s", revoke(t, list, "alice"))
	s.Kill()
	v, _ := list[0].Revoke("a", "bob")
	time.Sleep(500 * time.Millisecond)
	if list[1].Knows(v) {
		t.Error("another node knows of it without the engine")
	}
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	list[1].becomes(t, soon, "told", func() bool { return list[1].Knows(v) })
	t.Logf("the other node knows %s after the engine's return", time.Since(begin))
	revoke(t, list, "carol")
}

// TestNodesFailover: what is revoked while the primary is replaced is on the other node soon after, and so is all that
// the replica did not have.
func TestNodesFailover(t *testing.T) {
	t.Parallel()
	r := replicate(t)
	list := members(t, bus.Options{Sentinel: "usher", Sentinels: []string{r.sentinel.Address()}}, "a", "b")
	revoke(t, list, "alice")
	r.primary.Kill()
	begin := time.Now()
	redistest.Replaces(t, r.sentinel)
	revoke(t, list, "bob")
	t.Logf("both nodes have it %s after the primary's death", time.Since(begin))
	for _, m := range list {
		m.becomes(t, patience, "as fresh as before", func() bool { return m.node.Staleness() < 5*time.Second })
	}
}

// TestNodesLoseAll: an engine that has lost everything has it back from the nodes.
func TestNodesLoseAll(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, redis.Config{Lines: []string{`save ""`}})
	list := members(t, bus.Options{Address: s.Address()}, "a", "b")
	revoke(t, list, "alice")
	s.Kill()
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	later := members(t, bus.Options{Address: s.Address()}, "c")[0]
	later.becomes(t, patience, "told", func() bool { return later.Differs(list[0].State, true) == "" })
}
