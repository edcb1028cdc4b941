package redis_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"usher/e2e/daemon"
	"usher/e2e/redis"
	"usher/e2e/redis/redistest"
)

func TestMain(m *testing.M) { os.Exit(daemon.Main(m)) }

// TestCheckOnline: usher check --online finds what is wrong with Redis, at its line; without the word nobody is asked.
func TestCheckOnline(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, redis.Config{Password: "secret", Lines: []string{"maxmemory-policy allkeys-lru", "appendonly yes"}})
	d := daemon.New(t)
	d.Write("cluster.secret", strings.Repeat("cluster-", 8))
	d.Write("redis.password", "secret\n")
	write := func(password string) {
		d.Write("usher.yaml", "hosts: {h: {issuers: {a: {secret_files: [my-app.secret]}}}}\ncluster:\n"+ // line 2
			"  redis: redis://"+s.Address()+"\n  secret_files: [cluster.secret]\n  node: a\n  cell: shard1\n"+password+
			fmt.Sprintf("state: sqlite:%s/usher.db\nlisten: {dovecot: %[1]s/a.sock, metrics: %[1]s/m.sock, admin: %[1]s/c.sock}\n",
				d.Path(".")))
	}
	check := func(want string, args ...string) {
		t.Helper()
		if out, _ := d.Try(t, append([]string{"check"}, args...)...); !strings.Contains(out, want) {
			t.Errorf("check %v says %q, not %q", args, out, want)
		}
	}
	write("  password_file: redis.password\n")
	check(": ok: ")
	check("usher.yaml:3:10: error: redis: maxmemory-policy is allkeys-lru: Redis may drop revocations in silence — "+
		"set maxmemory-policy noeviction\n1 problem\n", "--online")
	redistest.Says(t, s, "OK", "CONFIG", "SET", "maxmemory-policy", "noeviction")
	check(": ok: ", "--online")
	write("")
	check("usher.yaml:3:10: error: redis: the cluster's engine refuses: NOAUTH", "--online")
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	check("usher.yaml:3:10: error: redis: the cluster's engine is away: ", "--online")
	check(": ok: ")
}
