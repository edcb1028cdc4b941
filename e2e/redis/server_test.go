package redis_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"usher/e2e/redis"
)

// start starts a server that ends with the test, which is skipped where there is no Redis.
func start(t testing.TB, c redis.Config) *redis.Server {
	t.Helper()
	if c.Dir == "" {
		c.Dir = t.TempDir()
	}
	s, err := redis.Start(t.Context(), c)
	return running(t, s, err)
}

func running(t testing.TB, s *redis.Server, err error) *redis.Server {
	t.Helper()
	if errors.Is(err, redis.ErrMissing) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// eventually waits until a server's answer to a command contains what is wanted.
func eventually(t testing.TB, s *redis.Server, want string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
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

// TestServers: a primary is copied, and its Sentinel promotes the copy once it is gone.
func TestServers(t *testing.T) {
	t.Parallel()
	primary := start(t, redis.Config{Password: "once"})
	replica := start(t, redis.Config{Primary: primary.Address(), Password: "once"})
	eventually(t, replica, "master_link_status:up", "INFO", "replication")
	s, err := redis.StartSentinel(t.Context(), redis.Config{Dir: t.TempDir()}, "usher", primary, 1)
	sentinel := running(t, s, err)
	eventually(t, sentinel, "slaves=1", "INFO", "sentinel")
	primary.Kill()
	_, port, _ := strings.Cut(replica.Address(), ":")
	eventually(t, sentinel, port, "SENTINEL", "get-master-addr-by-name", "usher")
	eventually(t, replica, "role:master", "INFO", "replication")
}

// TestTLS: a server with certificates answers over TLS, and its Unix socket is there.
func TestTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certs, err := redis.WriteCerts(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, redis.Config{TLS: certs, Dir: dir, Socket: dir + "/redis.sock"})
	eventually(t, s, "PONG", "PING")
	if _, err := os.Stat(dir + "/redis.sock"); err != nil {
		t.Error(err)
	}
}
