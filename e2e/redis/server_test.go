package redis_test

import (
	"os"
	"strings"
	"testing"

	"usher/e2e/redis"
	"usher/e2e/redis/redistest"
)

// TestServers: a primary is copied, and its Sentinel promotes the copy once it is gone.
func TestServers(t *testing.T) {
	t.Parallel()
	primary := redistest.Start(t, redis.Config{Password: "once"})
	replica := redistest.Start(t, redis.Config{Primary: primary.Address(), Password: "once"})
	redistest.Says(t, replica, "master_link_status:up", "INFO", "replication")
	s, err := redis.StartSentinel(t.Context(), redis.Config{Dir: t.TempDir()}, "usher", primary, 1)
	sentinel := redistest.Running(t, s, err)
	redistest.Says(t, sentinel, "slaves=1", "INFO", "sentinel")
	primary.Kill()
	redistest.Replaces(t, sentinel)
	_, port, _ := strings.Cut(replica.Address(), ":")
	redistest.Says(t, sentinel, port, "SENTINEL", "get-master-addr-by-name", "usher")
	redistest.Says(t, replica, "role:master", "INFO", "replication")
}

// TestTLS: a server with certificates answers over TLS, and its Unix socket is there.
func TestTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certs, err := redis.WriteCerts(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := redistest.Start(t, redis.Config{TLS: certs, Dir: dir, Socket: dir + "/redis.sock"})
	redistest.Says(t, s, "PONG", "PING")
	if _, err := os.Stat(dir + "/redis.sock"); err != nil {
		t.Error(err)
	}
}

// TestStopWhileItWrites: a server that writes its append-only file for the first time ends all the same.
func TestStopWhileItWrites(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, redis.Config{Lines: []string{"save \"\"", "rdb-key-save-delay 60000000"}})
	redistest.Says(t, s, "OK", "SET", "key", "value")
	redistest.Says(t, s, "OK", "CONFIG", "SET", "appendonly", "yes")
	redistest.Says(t, s, "aof_rewrite_in_progress:1", "INFO", "persistence")
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
}

// TestStopBeforeItsReplica: a server whose replica does not read what it is sent ends without waiting for it.
func TestStopBeforeItsReplica(t *testing.T) {
	t.Parallel()
	primary := redistest.Start(t, redis.Config{})
	replica := redistest.Start(t, redis.Config{Primary: primary.Address()})
	redistest.Says(t, replica, "master_link_status:up", "INFO", "replication")
	if err := replica.Suspend(); err != nil {
		t.Fatal(err)
	}
	redistest.Says(t, primary, "OK", "SET", "key", "value")
	if err := primary.Stop(); err != nil {
		t.Error(err)
	}
}
