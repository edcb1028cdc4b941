package cluster

import (
	"slices"
	"testing"
	"time"

	"usher/e2e/redis"
	"usher/e2e/redis/redistest"
	"usher/metrics"
)

// soon is for what takes some 50 ms on a machine that does nothing else.
const soon = 3 * time.Second

// durable are the lines of a server that has after a kill what it had.
var durable = []string{"appendonly yes", "appendfsync always"}

// TestEngineAway: without the engine all goes on for max_staleness. What is revoked is so on this node, the command
// says who does not know, and all know moments after the engine is back.
func TestEngineAway(t *testing.T) {
	t.Parallel()
	engine := redistest.Start(t, redis.Config{Lines: durable})
	a, b := newNode(t, nodeConfig{Name: "a", Redis: at(engine)}), newNode(t, nodeConfig{Name: "b", Redis: at(engine)})
	together(t, a, b)
	old := tokenOf(t, "mallory")
	a.loginWith("mallory", old)
	engine.Kill()

	a.wants("alice", in)
	if !a.joins("alice", "standup") {
		t.Error("alice may not join where she logged in")
	}
	await(t, "the login waits for the engine", func() bool { return a.counts(metrics.ClusterOutbox) > 0 })
	said := a.revoke("mallory")
	contains(t, said, "revoked mallory", "1 of 2 nodes; b has not ", " and refuses logins in ", "Redis does not take it")
	contains(t, a.Run(t, "lobby", "allow", "friend@"+host), "1 of 2 nodes; b has ", "Redis does not take it")
	if got, _ := a.loginWith("mallory", old); got != denied {
		t.Errorf("the revoked token logs in on this node: %s", got)
	}
	if got, _ := b.loginWith("mallory", old); got != in {
		t.Errorf("b cannot know, and says %s", got)
	}

	if err := engine.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	back := time.Now()
	took := b.comes("mallory", old, denied).Sub(back)
	t.Logf("b knows of the revocation %v after the engine's return", took)
	if took > soon {
		t.Errorf("b knows of the revocation only %v after the engine's return", took)
	}
	b.awaitJoin("alice")
	if took := time.Since(back); took > soon {
		t.Errorf("b knows of the login only %v after the engine's return", took)
	}
	contains(t, a.revoke("eve"), "2 of 2 nodes")
	contains(t, b.Run(t, "lobby", "list"), "friend@"+host)
}

// TestEngineAwayForLonger: after max_staleness logins are temporary failures, at once; sessions that are there go on;
// and logins are back with the engine.
func TestEngineAwayForLonger(t *testing.T) {
	t.Parallel()
	engine := redistest.Start(t, redis.Config{Lines: durable})
	a := newNode(t, nodeConfig{Name: "a", Redis: at(engine), Staleness: little})
	b := newNode(t, nodeConfig{Name: "b", Redis: at(engine), Staleness: little})
	together(t, a, b)
	a.wants("alice", in)
	b.awaitJoin("alice")
	engine.Kill()
	away := time.Now()
	bob := tokenOf(t, "bob")
	last := away
	for asked := away; ; asked = time.Now() {
		if got, _ := a.loginWith("bob", bob); got == temporary {
			break
		}
		if last = asked; last.Sub(away) > little { // it was asked no later than it was decided
			t.Fatalf("a login %v after the engine went is let in", last.Sub(away))
		}
		time.Sleep(60 * time.Millisecond) // as the limit of a token wants
	}
	b.comes("bob", bob, temporary)
	var times []time.Duration
	for range 51 {
		got, took := a.loginWith("bob", bob)
		if got != temporary {
			t.Fatalf("a login of bob: %s", got)
		}
		times = append(times, took)
	}
	slices.Sort(times)
	t.Logf("the last login is let in %v after the engine went; then each fails within %v p50", last.Sub(away), times[25])
	if times[0] > 20*time.Millisecond { // nobody waits for the engine; some wait where everything else runs, too
		t.Errorf("a temporary failure takes %v at least", times[0])
	}
	for _, n := range []*node{a, b} {
		if !n.joins("alice", "standup") {
			t.Error("who is there may not join any more")
		}
		if n.counts(metrics.ClusterStaleness) < little.Seconds() {
			t.Errorf("%s: %v", metrics.ClusterStaleness, n.counts(metrics.ClusterStaleness))
		}
		out, err := n.Try(t, "cluster", "status")
		if err == nil {
			t.Error("usher cluster status finds nothing wrong")
		}
		contains(t, out, "PROBLEM: this usher may not know what the others have revoked", "Redis: ")
		out, _ = n.Try(t, "status")
		contains(t, out, "cluster: this usher may not know what the others have revoked")
	}
	contains(t, a.revoke("alice"), "revoked alice", "Redis does not take it")
	if a.joins("alice", "standup") {
		t.Error("alice was revoked on this node, and joins")
	}
	if err := engine.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.comes("bob", bob, in)
	b.comes("bob", bob, in)
	if b.joins("alice", "standup") {
		t.Error("alice joins at b, which lets people in again and has to know")
	}
}

// TestEngineEmpty: an engine that has lost all it had gets it again from the nodes, and who comes later knows it.
func TestEngineEmpty(t *testing.T) {
	t.Parallel()
	engine := redistest.Start(t, redis.Config{Lines: []string{`save ""`}})
	a, b := newNode(t, nodeConfig{Name: "a", Redis: at(engine)}), newNode(t, nodeConfig{Name: "b", Redis: at(engine)})
	together(t, a, b)
	old := tokenOf(t, "mallory")
	contains(t, a.revoke("mallory"), "2 of 2 nodes")
	b.wants("alice", in)
	a.awaitJoin("alice")
	engine.Kill()
	if err := engine.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.wants("bob", in)
	// Of an engine that is empty nobody can tell that there are nodes, before they have said so.
	for _, name := range []string{"a", "b"} {
		redistest.Says(t, engine, "1", "EXISTS", "usher:v1:{g}:node:"+name)
	}
	c := newNode(t, nodeConfig{Name: "c", Redis: at(engine)})
	c.Start()
	await(t, "c lets people in", func() bool {
		got, _ := c.loginWith("mallory", old)
		if got == in {
			t.Fatal("c lets in before it knows a revocation that the engine had lost")
		}
		return got == denied
	})
	c.knows(3)
	c.awaitJoin("alice")
	c.awaitJoin("bob")
}
