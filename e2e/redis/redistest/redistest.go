package redistest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"usher/e2e/parts"
	"usher/e2e/redis"
)

// Start starts a server that ends with the test, which is skipped where there is no Redis.
func Start(t testing.TB, c redis.Config) *redis.Server {
	t.Helper()
	if c.Dir == "" {
		c.Dir = t.TempDir()
	}
	s, err := redis.Start(t.Context(), c)
	return Running(t, s, err)
}

// Running has a server that was started end with the test, which is skipped where there is no Redis, unless CI is set
// in the environment.
func Running(t testing.TB, s *redis.Server, err error) *redis.Server {
	t.Helper()
	if errors.Is(err, redis.ErrMissing) {
		parts.Need(t, err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the log of Redis at %s:\n%s", s.Address(), s.Log())
		}
	})
	return s
}

// Replaces is [redis.Server.ReplaceSoon] of a Sentinel that knows a primary under the name usher.
func Replaces(t testing.TB, sentinel *redis.Server) {
	t.Helper()
	if err := sentinel.ReplaceSoon(t.Context(), "usher"); err != nil {
		t.Fatal(err)
	}
}

// patience is how long a server may take until it answers as a test wants. Sentinel makes no failover for 30 s after it
// was held up for 2 s, as by a slow disk (TILT).
const patience = time.Minute

// Says waits until a server's answer to a command has what is wanted.
func Says(t testing.TB, s *redis.Server, want string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		out, err := s.CLI(ctx, args...)
		if strings.Contains(out, want) {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%v answers %q, %v; wanted %q", args, out, err, want)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
