package redis_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"usher/e2e/redis"
	"usher/e2e/redis/redistest"
	"usher/internal/cluster"
	"usher/internal/cluster/bustest"
	bus "usher/internal/redis"
)

// A replicated engine is a primary that wants a replica, the replica, and their Sentinel.
type replicated struct{ primary, replica, sentinel *redis.Server }

func replicate(t *testing.T) replicated {
	t.Helper()
	lines := []string{"min-replicas-to-write 1", "min-replicas-max-lag 1", "repl-ping-replica-period 1"}
	r := replicated{primary: redistest.Start(t, redis.Config{Lines: lines})}
	r.replica = redistest.Start(t, redis.Config{Primary: r.primary.Address(), Lines: []string{"min-replicas-to-write 0"}})
	redistest.Says(t, r.replica, "master_link_status:up", "INFO", "replication")
	redistest.Says(t, r.primary, "min_slaves_good_slaves:1", "INFO", "replication")
	s, err := redis.StartSentinel(t.Context(), redis.Config{Dir: t.TempDir()}, "usher", r.primary, 1)
	r.sentinel = redistest.Running(t, s, err)
	redistest.Says(t, r.sentinel, "slaves=1", "INFO", "sentinel")
	return r
}

func (r replicated) connect(t *testing.T) *bus.Bus {
	t.Helper()
	return connect(t, bus.Options{Sentinel: "usher", Sentinels: []string{r.sentinel.Address()}})
}

// TestFailover: after the primary's death the replica takes what is published, and who follows goes on there.
func TestFailover(t *testing.T) {
	t.Parallel()
	r := replicate(t)
	b := r.connect(t)
	list := bustest.Entries("a", 1, 1, 3)
	within(t, patience, published(b, list[:2]))
	numbers := follower(t, b)
	sees(t, numbers, 1)
	sees(t, numbers, 2)
	redistest.Says(t, r.replica, "2", "XLEN", "usher:v1:{g}:log")
	r.primary.Kill()
	begin := time.Now()
	redistest.Replaces(t, r.sentinel)
	within(t, patience, published(b, list))
	t.Logf("the replica takes entries %s after the primary's death", time.Since(begin))
	sees(t, numbers, 3)
}

// TestOldPrimary: a primary that was cut off from its replica, which is one itself by now, takes nothing; who asks
// Sentinel goes to the new one, with what follows, though the old one is there again.
func TestOldPrimary(t *testing.T) {
	t.Parallel()
	r := replicate(t)
	b := r.connect(t)
	beside := connect(t, bus.Options{Address: r.primary.Address(), Timeout: patience})
	list := bustest.Entries("a", 1, 1, 3)
	within(t, patience, published(b, list[:1]))
	within(t, patience, published(beside, bustest.Entries("c", 1, 1, 1)))
	numbers := follower(t, b)
	sees(t, numbers, 1)
	sees(t, numbers, 1) // that of c
	redistest.Says(t, r.replica, "2", "XLEN", "usher:v1:{g}:log")
	if err := r.primary.Suspend(); err != nil {
		t.Fatal(err)
	}
	redistest.Replaces(t, r.sentinel)
	redistest.Says(t, r.replica, "role:master", "INFO", "replication")
	within(t, patience, published(b, list[:2]))
	sees(t, numbers, 2)
	r.sentinel.Kill() // so that nobody tells the old primary
	if err := r.primary.Resume(); err != nil {
		t.Fatal(err)
	}
	redistest.Says(t, r.primary, "min_slaves_good_slaves:0", "INFO", "replication")
	err := beside.Publish(t.Context(), cluster.Global, bustest.Entries("c", 1, 2, 1))
	if !errors.Is(err, cluster.ErrAway) || !strings.Contains(err.Error(), "NOREPLICAS") {
		t.Errorf("the old primary says %v", err)
	}
	within(t, patience, published(b, list))
	sees(t, numbers, 3)
}

// TestReplica: a replica takes no entries, and that passes; without Sentinel nobody can say where the primary is.
func TestReplica(t *testing.T) {
	t.Parallel()
	r := replicate(t)
	b := connect(t, bus.Options{Address: r.replica.Address(), Timeout: patience})
	err := b.Publish(t.Context(), cluster.Global, bustest.Entries("a", 1, 1, 1))
	if !errors.Is(err, cluster.ErrAway) || !strings.Contains(err.Error(), "READONLY") {
		t.Errorf("a replica says %v", err)
	}
	redistest.Says(t, r.replica, "OK", "REPLICAOF", "NO", "ONE")
	within(t, patience, published(b, bustest.Entries("a", 1, 1, 1)))
}

// TestNoSentinel: without any Sentinel the engine is away, and a name that none of them knows is a setting.
func TestNoSentinel(t *testing.T) {
	t.Parallel()
	r := replicate(t)
	other := connect(t, bus.Options{Sentinel: "other", Sentinels: []string{r.sentinel.Address()}, Timeout: patience})
	_, err := other.End(t.Context(), cluster.Global)
	if !errors.Is(err, cluster.ErrRefused) || !strings.Contains(err.Error(), "No such master") {
		t.Errorf("a name that no Sentinel knows: %v", err)
	}
	b := r.connect(t)
	r.sentinel.Kill()
	if _, err := b.End(t.Context(), cluster.Global); !errors.Is(err, cluster.ErrAway) {
		t.Errorf("no Sentinel: %v", err)
	}
	if err := r.sentinel.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	within(t, patience, func(ctx context.Context) error {
		_, err := b.End(ctx, cluster.Global)
		return err
	})
}
