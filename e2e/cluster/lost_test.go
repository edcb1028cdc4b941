package cluster

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/e2e/redis"
	"usher/e2e/redis/redistest"
	"usher/metrics"
)

// TestFailoverLoses: the primary dies with what its replica had not got, and Sentinel promotes that: the nodes send
// again what it lacks, and one that never heard of it knows it.
func TestFailoverLoses(t *testing.T) {
	t.Parallel()
	primary := redistest.Start(t, redis.Config{})
	replica := redistest.Start(t, redis.Config{Primary: primary.Address()})
	redistest.Says(t, replica, "master_link_status:up", "INFO", "replication")
	s, err := redis.StartSentinel(t.Context(), redis.Config{Dir: t.TempDir()}, "usher", primary, 1)
	sentinel := redistest.Running(t, s, err)
	redistest.Says(t, sentinel, "slaves=1", "INFO", "sentinel")
	place := "redis://" + sentinel.Address() + "/0?sentinel=usher"
	a, b := newNode(t, nodeConfig{Name: "a", Redis: place}), newNode(t, nodeConfig{Name: "b", Redis: place})
	together(t, a, b)
	old := tokenOf(t, "mallory")
	a.loginWith("mallory", old)

	if err := replica.Suspend(); err != nil {
		t.Fatal(err)
	}
	if out, err := primary.CLI(t.Context(), "CLIENT", "KILL", "TYPE", "replica"); err != nil {
		t.Fatal(out, err)
	}
	contains(t, a.revoke("mallory"), "2 of 2 nodes") // the primary took it
	b.wants("alice", in)
	primary.Kill()
	if err := replica.Resume(); err != nil {
		t.Fatal(err)
	}
	redistest.Replaces(t, sentinel)
	for range 20 {
		a.wants("bob", in) // logins wait for no failover
	}
	redistest.Says(t, replica, "role:master", "INFO", "replication")
	await(t, "what was lost is sent again", func() bool {
		return a.counts(metrics.ClusterResent)+b.counts(metrics.ClusterResent) > 0
	})
	c := newNode(t, nodeConfig{Name: "c", Redis: at(replica)})
	c.Start()
	c.knows(3)
	if got, _ := c.loginWith("mallory", old); got != denied {
		t.Errorf("a node that lets people in does not know what the failover lost: %s", got)
	}
	c.awaitJoin("alice")
}

// TestKilledInAStorm: a node is killed while it lets people in and the engine hears nothing: all who were let in are
// known to the other once it is started again.
func TestKilledInAStorm(t *testing.T) {
	t.Parallel()
	engine := redistest.Start(t, redis.Config{})
	way := lay(t, engine)
	a, b := newNode(t, nodeConfig{Name: "a", Redis: at(way)}), newNode(t, nodeConfig{Name: "b", Redis: at(engine)})
	together(t, a, b)
	var (
		mu     sync.Mutex
		let    []string
		next   atomic.Int64
		people sync.WaitGroup
	)
	for range 4 {
		people.Go(func() {
			for {
				user := fmt.Sprint("user", next.Add(1))
				answer, _, err := ask(a.Path("auth.sock"), user, tokenOf(t, user))
				if err != nil {
					return // it is dead
				}
				if answer == in {
					mu.Lock()
					let = append(let, user)
					mu.Unlock()
				}
			}
		})
	}
	many := func(n int) func() bool {
		return func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(let) >= n
		}
	}
	await(t, "200 logins", many(200))
	way.Cut()
	await(t, "400 logins", many(400))
	a.Kill()
	people.Wait()
	if last := let[len(let)-1]; b.joins(last, "standup") {
		t.Error("the other knew all of them: this tests nothing")
	}
	way.Mend()
	a.Start()
	back := time.Now()
	for _, user := range let {
		b.awaitJoin(user)
	}
	t.Logf("%d people were let in, and b knew all of them %v after the start", len(let),
		time.Since(back).Round(time.Millisecond))
}

// TestJoinAtOnce: who has just logged in at one usher joins at the other at once.
func TestJoinAtOnce(t *testing.T) {
	t.Parallel()
	engine := redistest.Start(t, redis.Config{})
	a, b := newNode(t, nodeConfig{Name: "a", Redis: at(engine)}), newNode(t, nodeConfig{Name: "b", Redis: at(engine)})
	together(t, a, b)
	const waits = 50 * time.Millisecond // for what is on its way, which may take longer where everything else runs, too
	refused := 0
	for i := range 100 {
		user := fmt.Sprint("user", i)
		a.wants(user, in)
		asked := time.Now()
		if b.joins(user, "standup") {
			continue
		}
		refused++
		if took := time.Since(asked); took < waits {
			t.Errorf("a join was refused after %v", took)
		}
	}
	if refused > 50 {
		t.Errorf("%d of 100 joins were refused", refused)
	}
	t.Logf("%d of 100 joins were refused", refused)
}
