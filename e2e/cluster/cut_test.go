package cluster

import (
	"strings"
	"syscall"
	"testing"

	"usher/e2e/redis"
	"usher/e2e/redis/redistest"
	"usher/internal/admin"
	"usher/metrics"
)

// shortly is a node whose max_staleness is the least, on a cable of its own.
func shortly(t *testing.T, name string, engine *redis.Server) (*node, *cable) {
	t.Helper()
	c := lay(t, engine)
	return newNode(t, nodeConfig{Name: name, Redis: at(c), Staleness: little}), c
}

// TestCutOff: a node that hears nothing any more lets nobody in after max_staleness, and the others go on; the command
// says who does not know. What it missed it knows before it lets anybody in again.
func TestCutOff(t *testing.T) {
	t.Parallel()
	engine := redistest.Start(t, redis.Config{})
	a, b := newNode(t, nodeConfig{Name: "a", Redis: at(engine)}), newNode(t, nodeConfig{Name: "b", Redis: at(engine)})
	way := lay(t, engine)
	c := newNode(t, nodeConfig{Name: "c", Redis: at(way), Staleness: 3 * little}) // for the command to wait for it
	together(t, a, b, c)
	old := tokenOf(t, "mallory")
	c.loginWith("mallory", old)
	way.Cut()

	said := a.revoke("mallory")
	if strings.Contains(said, "b has not confirmed it") { // in 3 s, which may be little where everything else runs, too
		said = a.revoke("mallory")
	}
	contains(t, said, "2 of 3 nodes; c has not been heard for ", " and refuses logins in ", "not all")
	if got, _ := b.loginWith("mallory", old); got != denied {
		t.Errorf("b says %s", got)
	}
	c.comes("carol", tokenOf(t, "carol"), temporary)
	if got, _ := c.loginWith("mallory", old); got != temporary && got != denied {
		t.Errorf("the node that is cut off says %s", got)
	}
	if !c.joins("mallory", "standup") {
		t.Error("who is there at a node that is cut off may not join any more")
	}
	a.wants("dave", in)
	b.wants("dave", in)
	a.until("c is gone", func(s admin.ClusterAnswer) bool { return lives(s) == 2 })
	contains(t, a.revoke("eve"), "2 of 2 nodes") // c lets nobody in: nobody waits for it
	if n := a.counts(metrics.ClusterNodes); n != 2 {
		t.Errorf("%s: %v", metrics.ClusterNodes, n)
	}
	way.Mend()
	c.comes("carol", tokenOf(t, "carol"), in)
	if got, _ := c.loginWith("mallory", old); got != denied {
		t.Errorf("the node is back, and says %s", got)
	}
	a.knows(3)
}

// TestStopped: a node that stood still, as a machine that was suspended, lets nobody in when it goes on before it knows
// what was said meanwhile.
func TestStopped(t *testing.T) {
	t.Parallel()
	engine := redistest.Start(t, redis.Config{})
	a := newNode(t, nodeConfig{Name: "a", Redis: at(engine)})
	c, _ := shortly(t, "c", engine)
	together(t, a, c)
	old := tokenOf(t, "mallory")
	c.loginWith("mallory", old)
	c.Suspend()
	a.until("c is gone", func(s admin.ClusterAnswer) bool { return lives(s) == 1 })
	contains(t, a.revoke("mallory"), "1 of 1 nodes")
	c.Signal(syscall.SIGCONT)
	if got, _ := c.loginWith("mallory", old); got != temporary && got != denied {
		t.Errorf("a node that stood still says at once: %s", got)
	}
	c.comes("carol", tokenOf(t, "carol"), in)
	if got, _ := c.loginWith("mallory", old); got != denied {
		t.Errorf("the node is back, and says %s", got)
	}
}

// TestEngineStopped: an engine that takes connections and says nothing is away, as one that was killed.
func TestEngineStopped(t *testing.T) {
	t.Parallel()
	engine := redistest.Start(t, redis.Config{})
	const staleness = 2 * little // for the command, which takes three seconds, to count b
	a := newNode(t, nodeConfig{Name: "a", Redis: at(engine), Staleness: staleness})
	b := newNode(t, nodeConfig{Name: "b", Redis: at(engine), Staleness: staleness})
	together(t, a, b)
	if err := engine.Suspend(); err != nil {
		t.Fatal(err)
	}
	a.wants("alice", in)
	contains(t, a.revoke("mallory"), "1 of 2 nodes; b has ", "Redis does not take it")
	a.comes("bob", tokenOf(t, "bob"), temporary)
	b.comes("bob", tokenOf(t, "bob"), temporary)
	if err := engine.Resume(); err != nil {
		t.Fatal(err)
	}
	a.comes("bob", tokenOf(t, "bob"), in)
	b.comes("bob", tokenOf(t, "bob"), in)
	b.awaitJoin("alice")
}

// TestOldPrimary: a node that is left with a primary that was replaced is cut off, though that one answers: without its
// replica it takes nothing.
func TestOldPrimary(t *testing.T) {
	t.Parallel()
	primary := redistest.Start(t, redis.Config{Lines: []string{"min-replicas-to-write 1", "min-replicas-max-lag 1",
		"repl-ping-replica-period 1"}})
	replica := redistest.Start(t, redis.Config{Primary: primary.Address()})
	redistest.Says(t, primary, "min_slaves_good_slaves:1", "INFO", "replication")
	a, wayOfA := shortly(t, "a", primary)
	b, wayOfB := shortly(t, "b", primary)
	c, _ := shortly(t, "c", primary)
	together(t, a, b, c)
	old := tokenOf(t, "mallory")
	c.loginWith("mallory", old)
	redistest.Says(t, replica, "OK", "REPLICAOF", "NO", "ONE")
	wayOfA.Move(replica)
	wayOfB.Move(replica)
	c.comes("carol", tokenOf(t, "carol"), temporary)
	if !strings.Contains(c.status().Engine, "the cluster's engine is away") {
		t.Errorf("c says of its engine: %s", c.status().Engine)
	}
	contains(t, c.Log(), "NOREPLICAS")
	a.comes("dave", tokenOf(t, "dave"), in)
	b.comes("dave", tokenOf(t, "dave"), in)
	a.until("c is gone", func(s admin.ClusterAnswer) bool { return s.Fresh && lives(s) == 2 })
	contains(t, a.revoke("mallory"), "2 of 2 nodes")
	if got, _ := b.loginWith("mallory", old); got != denied {
		t.Errorf("b says %s", got)
	}
	if got, _ := c.loginWith("mallory", old); got != temporary {
		t.Errorf("the node beside the old primary says %s", got)
	}
}

// lives counts the nodes that live.
func lives(s admin.ClusterAnswer) (count int) {
	for _, v := range s.Nodes {
		if v.Lives {
			count++
		}
	}
	return count
}
