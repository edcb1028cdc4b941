package redis_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"usher/e2e/redis"
	"usher/e2e/redis/redistest"
	"usher/internal/cluster"
	bus "usher/internal/redis"
)

// finds fails the test unless a look finds these things, in their order, each told by a part of its text.
func finds(t *testing.T, o bus.Options, want ...string) {
	t.Helper()
	o.Timeout = patience
	found, err := bus.Look(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	same := func(f bus.Finding, want string) bool { return strings.Contains(f.Text, want) && f.Mend != "" }
	if !slices.EqualFunc(found, want, same) {
		t.Errorf("it finds %+v, not %q", found, want)
	}
}

// TestLook: a server as it should be has nothing to find; each setting that is not is found, with usher's rights, too.
func TestLook(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, redis.Config{Lines: []string{rights(t, "secret"), "appendonly yes"}})
	all := bus.Options{Address: s.Address()}
	least := bus.Options{Address: s.Address(), User: "usher", Password: text("secret")}
	finds(t, all)
	finds(t, least)
	set := func(words ...string) { redistest.Says(t, s, "OK", append([]string{"CONFIG", "SET"}, words...)...) }
	set("maxmemory-policy", "allkeys-lru", "appendonly", "no", "save", "")
	finds(t, all, "maxmemory-policy is allkeys-lru", "writes nothing to its disk")
	finds(t, least, "maxmemory-policy is allkeys-lru", "appendonly is off")
	set("maxmemory-policy", "noeviction", "save", "60 1000")
	finds(t, all, "appendonly is off")
}

// TestLookAtReplicas: with Sentinel the primary must want replicas, and there should be Sentinels enough.
func TestLookAtReplicas(t *testing.T) {
	t.Parallel()
	r := replicate(t)
	redistest.Says(t, r.primary, "OK", "CONFIG", "SET", "appendonly", "yes")
	by := bus.Options{Sentinel: "usher", Sentinels: []string{r.sentinel.Address()}}
	finds(t, by, "the primary has one replica", "only 1 Sentinel:")
	redistest.Says(t, r.primary, "OK", "CONFIG", "SET", "min-replicas-max-lag", "60")
	finds(t, by, "min-replicas-max-lag is 60", "one replica", "only 1 Sentinel:")
	redistest.Says(t, r.primary, "OK", "CONFIG", "SET", "min-replicas-to-write", "0")
	by.Sentinels = append(by.Sentinels, "127.0.0.1:1")
	finds(t, by, "min-replicas-to-write is off", "one replica", "asking Sentinel 127.0.0.1:1", "only 1 Sentinel:")
	finds(t, bus.Options{Address: r.replica.Address()}, "is a slave", "appendonly is off")
}

// TestLookRefused: who is not let in, or reaches nobody, is told.
func TestLookRefused(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, redis.Config{Password: "secret"})
	if _, err := bus.Look(t.Context(), bus.Options{Address: s.Address()}); !errors.Is(err, cluster.ErrRefused) {
		t.Error(err)
	}
	if _, err := bus.Look(t.Context(), bus.Options{Address: "127.0.0.1:1"}); !errors.Is(err, cluster.ErrAway) {
		t.Error(err)
	}
}
