package redis_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"usher/e2e/redis"
	"usher/e2e/redis/redistest"
	"usher/internal/cluster"
	"usher/internal/cluster/bustest"
	"usher/internal/ports"
	bus "usher/internal/redis"
)

// Places are what the examples for operators name, on this machine.
type places struct {
	t     *testing.T
	certs *redis.Certs
	acl   string
}

func newPlaces(t *testing.T) places {
	t.Helper()
	dir := t.TempDir()
	certs, err := redis.WriteCerts(dir)
	if err != nil {
		t.Fatal(err)
	}
	p := places{t, certs, filepath.Join(dir, "users.acl")}
	if err := os.WriteFile(p.acl, []byte(example(t, "users.acl")), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// start starts a server with one of the examples; each pair is replaced, and lines come behind.
func (p places) start(name, user, password string, pairs [][2]string, lines ...string) *redis.Server {
	p.t.Helper()
	address, err := ports.FreeAddress()
	if err != nil {
		p.t.Fatal(err)
	}
	_, port, _ := strings.Cut(address, ":")
	whole, dir := example(p.t, name), p.t.TempDir()
	for _, pair := range append(pairs, [2]string{"/etc/redis/redis.crt", p.certs.Cert},
		[2]string{"/etc/redis/redis.key", p.certs.Key}, [2]string{"/etc/redis/ca.crt", p.certs.CA}) {
		if !strings.Contains(whole, pair[0]) {
			p.t.Fatalf("%s has no %q", name, pair[0])
		}
		whole = strings.ReplaceAll(whole, pair[0], strings.ReplaceAll(pair[1], "PORT", port))
	}
	whole += strings.Join(lines, "\n") + "\n"
	s, err := redis.Start(p.t.Context(), redis.Config{Dir: dir, Address: address, TLS: p.certs, User: user,
		Password: password, Whole: whole, Sentinel: name == "sentinel.conf"})
	return redistest.Running(p.t, s, err)
}

func (p places) trust() *tls.Config {
	p.t.Helper()
	file, err := os.ReadFile(p.certs.CA)
	if err != nil {
		p.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(file)
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}

// TestDeploy: the examples for operators make a primary, two replicas and a Sentinel with which usher finds nothing
// wrong but that it is one alone, and they fail over; what Sentinel then leads to is a name, as certificates have it.
func TestDeploy(t *testing.T) {
	t.Parallel()
	p := newPlaces(t)
	server := [][2]string{{"bind 0.0.0.0 ::", "bind 127.0.0.1"}, {"tls-port 6379", "tls-port PORT"},
		{"/etc/redis/users.acl", p.acl}, {"replica-announce-ip r1.example.com", "replica-announce-ip localhost"}}
	const quick = "repl-diskless-sync-delay 0"
	primary := p.start("redis.conf", "admin", "ADMIN_PASSWORD", server, quick)
	const host = "localhost" // the name that all of them have
	_, port, _ := net.SplitHostPort(primary.Address())
	replicas := make([]*redis.Server, 2)
	for i := range replicas {
		replicas[i] = p.start("redis.conf", "admin", "ADMIN_PASSWORD", server, quick, "replicaof "+host+" "+port)
	}
	redistest.Says(t, primary, "min_slaves_good_slaves:2", "INFO", "replication")
	sentinel := p.start("sentinel.conf", "", "SENTINELS_PASSWORD", [][2]string{{"tls-port 26379", "tls-port PORT"},
		{"dir /var/lib/redis\n", ""}, {"announce-ip r1.example.com", "announce-ip " + host},
		{"r1.example.com 6379 2", host + " " + port + " 1"},
		{"down-after-milliseconds usher 5000", "down-after-milliseconds usher 60000"}}) // or it replaces slow ones
	redistest.Says(t, sentinel, "slaves=2", "INFO", "sentinel")
	o := bus.Options{Sentinel: "usher", Sentinels: []string{sentinel.Address()}, TLS: p.trust(), User: "usher",
		Password: text("USHER_PASSWORD"), SentinelPassword: text("SENTINELS_PASSWORD")}
	finds(t, o, "only 1 Sentinel:")
	b := connect(t, o)
	list := bustest.Entries("a", 1, 1, 2)
	within(t, patience, published(b, list[:1]))
	for _, r := range replicas {
		redistest.Says(t, r, "1", "XLEN", "usher:v1:{g}:log")
	}
	primary.Kill()
	redistest.Says(t, sentinel, "OK", "SENTINEL", "FAILOVER", "usher")
	within(t, patience, published(b, list))
	redistest.Says(t, sentinel, host, "SENTINEL", "get-master-addr-by-name", "usher")
	if n := entriesOf(t, b, "a"); n != 2 {
		t.Errorf("%d entries came over to the replica, not 2", n)
	}
}

// TestDeployRestart: a server with the examples has after a restart what it had before.
func TestDeployRestart(t *testing.T) {
	t.Parallel()
	p := newPlaces(t)
	s := p.start("redis.conf", "admin", "ADMIN_PASSWORD", [][2]string{{"bind 0.0.0.0 ::", "bind 127.0.0.1"},
		{"tls-port 6379", "tls-port PORT"}, {"/etc/redis/users.acl", p.acl}, {"min-replicas-to-write 1", ""},
		{"replica-announce-ip r1.example.com", ""}, {"appendfsync everysec", "appendfsync always"}})
	b := connect(t, bus.Options{Address: s.Address(), TLS: p.trust(), User: "usher", Password: text("USHER_PASSWORD")})
	within(t, patience, published(b, bustest.Entries("a", 1, 1, 5)))
	s.Kill()
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	var n int
	within(t, patience, func(ctx context.Context) error {
		n = 0
		return b.Snapshot(ctx, cluster.Global, "a", func(part []cluster.Sealed) error {
			n += len(part)
			return nil
		})
	})
	if n != 5 || strings.Contains(s.Log(), "CRITICAL") {
		t.Errorf("after the restart there are %d of 5 entries\n%s", n, s.Log())
	}
}
