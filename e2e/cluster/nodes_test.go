package cluster

import (
	"regexp"
	"strings"
	"testing"

	"usher/e2e/redis"
	"usher/e2e/redis/redistest"
	"usher/internal/admin"
	"usher/metrics"
)

// TestStranger: a node that has another secret is not believed, and counted; it is none of the nodes, and lets nobody
// in. Both say so.
func TestStranger(t *testing.T) {
	t.Parallel()
	engine := redistest.Start(t, redis.Config{})
	a := newNode(t, nodeConfig{Name: "a", Redis: at(engine)})
	together(t, a)
	stranger := newNode(t, nodeConfig{Name: "x", Redis: at(engine), Secret: strings.Repeat("another secret ", 4)})
	stranger.Start()
	old := tokenOf(t, "alice")
	stranger.revoke("alice")
	await(t, "entries of no key of the cluster are counted", func() bool { return a.counts(metrics.ClusterBadMAC) >= 2 })
	if got, _ := a.loginWith("alice", old); got != in {
		t.Errorf("a revocation of a stranger is believed: %s", got)
	}
	if s := a.status(); len(s.Nodes) != 1 || !s.Fresh {
		t.Errorf("the nodes are %+v", s)
	}
	contains(t, a.Run(t, "status"), "cluster: node a of cell "+a.status().Cell+": 1 of 1 nodes")
	a.revoke("bob")
	await(t, "the stranger counts, too", func() bool { return stranger.counts(metrics.ClusterBadMAC) >= 1 })
	stranger.wants("carol", temporary)
	a.wants("carol", in)
	for node, other := range map[*node]string{a: "x", stranger: "a"} {
		if out, err := node.Try(t, "cluster", "status"); err == nil {
			t.Errorf("usher cluster status finds nothing wrong: %s", out)
		} else {
			contains(t, out, "no key of this usher made what is heard under "+other)
		}
	}
}

// TestTwoOfOneName: the younger of two ushers with one name does not serve, and both say why; it does once the other is
// gone.
func TestTwoOfOneName(t *testing.T) {
	t.Parallel()
	engine := redistest.Start(t, redis.Config{})
	a, _ := shortly(t, "a", engine)
	together(t, a)
	second, _ := shortly(t, "a", engine)
	second.Start()
	const taken = "another usher has the name a in the cluster: give this one another"
	second.AwaitFor(t, 0, taken, patience)
	second.wants("alice", temporary)
	a.wants("alice", in)
	a.knows(1)
	out, err := second.Try(t, "cluster", "status")
	if err == nil {
		t.Error("usher cluster status finds nothing wrong")
	}
	contains(t, out, "PROBLEM: "+taken)
	a.Stop()
	second.comes("alice", tokenOf(t, "alice"), in)
	a.Start() // now this one is the younger
	await(t, "the first has the problem now", func() bool {
		out, _ := a.Try(t, "cluster", "status")
		return strings.Contains(out, "PROBLEM: "+taken)
	})
	second.wants("bob", in)
	a.wants("bob", temporary)
}

// TestForget: a node that is gone is shown as such, and not any more once it is retired; what it said stays known.
func TestForget(t *testing.T) {
	t.Parallel()
	engine := redistest.Start(t, redis.Config{})
	a := newNode(t, nodeConfig{Name: "a", Redis: at(engine)})
	c, _ := shortly(t, "c", engine)
	together(t, a, c)
	old := tokenOf(t, "mallory")
	contains(t, c.revoke("mallory"), "2 of 2 nodes")
	out := a.Run(t, "cluster", "status")
	contains(t, out, "node a of cell shard1: 2 of 2 nodes\n")
	if !regexp.MustCompile(`(?m)^c( +|\n  cell )shard1\b`).MatchString(out) {
		t.Errorf("there is no line of c: %s", out)
	}
	c.Kill()
	a.until("c is gone", func(s admin.ClusterAnswer) bool { return lives(s) == 1 })
	contains(t, a.Run(t, "cluster", "status"), "1 of 2 nodes; c has not been heard for ", ", gone")
	if out, err := a.Try(t, "cluster", "forget", "a"); err == nil {
		t.Errorf("a node forgets itself: %s", out)
	}
	contains(t, a.Run(t, "cluster", "forget", "c"), "forgotten: c")
	a.until("c is not there", func(s admin.ClusterAnswer) bool { return len(s.Nodes) == 1 })
	d := newNode(t, nodeConfig{Name: "d", Redis: at(engine)})
	d.Start()
	d.knows(2)
	if got, _ := d.loginWith("mallory", old); got != denied {
		t.Errorf("what a retired node revoked is forgotten: %s", got)
	}
	c.Start() // one that runs comes back by itself
	a.knows(3)
}

// TestCells: revocations and the whitelist are for all shards, sessions for one.
func TestCells(t *testing.T) {
	t.Parallel()
	engine := redistest.Start(t, redis.Config{})
	a := newNode(t, nodeConfig{Name: "a", Redis: at(engine)})
	b := newNode(t, nodeConfig{Name: "b", Redis: at(engine)})
	far := newNode(t, nodeConfig{Name: "far", Redis: at(engine), Cell: "shard2"})
	together(t, a, b, far)
	old := tokenOf(t, "alice")
	a.loginWith("alice", old)
	b.awaitJoin("alice")
	if far.joins("alice", "standup") {
		t.Error("who logged in at one shard may join at another")
	}
	contains(t, a.Run(t, "lobby", "allow", "friend@"+host), "3 of 3 nodes")
	contains(t, far.Run(t, "lobby", "list", "--json"), "friend@"+host)
	contains(t, far.revoke("alice"), "3 of 3 nodes")
	for _, n := range []*node{a, b} {
		if got, _ := n.loginWith("alice", old); got != denied {
			t.Errorf("the revocation of another shard is not in force: %s", got)
		}
		if n.joins("alice", "standup") {
			t.Error("a session goes on that another shard revoked")
		}
	}
	if n := a.counts(metrics.ClusterApplied + `{kind="revocation"}`); n == 0 {
		t.Errorf("%s: %v", metrics.ClusterApplied, n)
	}
	if sum := a.counts(writerOf("shard1")) + b.counts(writerOf("shard1")); sum > 1 {
		t.Error("two write for one shard")
	}
}

// TestOtherRules: a node whose configuration has other rules than the others' is shown, and counted.
func TestOtherRules(t *testing.T) {
	t.Parallel()
	engine := redistest.Start(t, redis.Config{})
	a, b := newNode(t, nodeConfig{Name: "a", Redis: at(engine)}), newNode(t, nodeConfig{Name: "b", Redis: at(engine)})
	b.Write("usher.yaml", strings.Replace(b.Read("usher.yaml"), "audience: [", "audience: [others, ", 1))
	together(t, a, b)
	contains(t, a.Run(t, "cluster", "status"), "OTHERS")
	if n := a.counts(metrics.ClusterConfigMismatch); n != 1 {
		t.Errorf("%s: %v", metrics.ClusterConfigMismatch, n)
	}
	b.Write("usher.yaml", strings.Replace(b.Read("usher.yaml"), "audience: [others, ", "audience: [", 1))
	b.Stop()
	b.Start()
	await(t, "all have the same rules", func() bool { return a.counts(metrics.ClusterConfigMismatch) == 0 })
}
