package redis_test

import (
	"strconv"
	"testing"

	"usher/e2e/redis"
	"usher/e2e/redis/redistest"
	"usher/internal/cluster"
	"usher/internal/cluster/bustest"
	bus "usher/internal/redis"
)

// An engine is a server of a test's own, or what is left of a shared one after FLUSHALL.
type engine struct{ *redis.Server }

func (e engine) Connect(t *testing.T) cluster.Bus {
	return connect(t, bus.Options{Address: e.Address(), Timeout: patience})
}

func (e engine) Trim(t *testing.T, scope cluster.Scope, keep int) {
	t.Helper()
	e.trim(t, scope, keep)
}

func (e engine) trim(t *testing.T, scope cluster.Scope, keep int, options ...string) {
	t.Helper()
	out, err := e.CLI(t.Context(), append(options, "XTRIM", "usher:v1:{"+string(scope)+"}:log", "MAXLEN", "=",
		strconv.Itoa(keep))...)
	if _, errNumber := strconv.Atoi(out); errNumber != nil {
		t.Fatal(out, err)
	}
}

func connect(t testing.TB, o bus.Options) *bus.Bus {
	t.Helper()
	b, err := bus.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// TestConformance: a real server does what every engine has to do.
func TestConformance(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, redis.Config{})
	asItIs := func(t *testing.T, test func(*testing.T)) { test(t) }
	bustest.Run(t, asItIs, func(t *testing.T) bustest.Engine {
		t.Helper()
		redistest.Says(t, s, "OK", "FLUSHALL")
		return engine{s}
	})
}
