package redis_test

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"usher/e2e/redis"
	"usher/e2e/redis/redistest"
	"usher/internal/cluster"
	"usher/internal/cluster/bustest"
	bus "usher/internal/redis"
)

func text(s string) func() (string, error) { return func() (string, error) { return s, nil } }

// example returns a file that operators start from.
func example(t *testing.T, name string) string {
	t.Helper()
	file, err := os.ReadFile("../../deploy/redis/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(file)
}

// rights returns the line with which operators give usher its rights, with a password.
func rights(t *testing.T, password string) string {
	t.Helper()
	for line := range strings.Lines(example(t, "users.acl")) {
		if strings.HasPrefix(line, "user usher ") {
			return strings.Replace(strings.TrimSpace(line), "USHER_PASSWORD", password, 1)
		}
	}
	t.Fatal("users.acl has no usher")
	return ""
}

// A restricted engine is one on which usher has no more rights than operators are told to give.
type restricted struct{ engine }

func (e restricted) Connect(t *testing.T) cluster.Bus {
	return connect(t, bus.Options{Address: e.Address(), User: "usher", Password: text("secret"), Database: 1,
		Timeout: patience})
}

// Trim is the administrator's.
func (e restricted) Trim(t *testing.T, scope cluster.Scope, keep int) {
	t.Helper()
	e.trim(t, scope, keep, "-n", "1")
}

// TestRights: the rights that operators are told to give are enough for all that an engine is asked for.
func TestRights(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, redis.Config{Lines: []string{rights(t, "secret")}})
	asItIs := func(t *testing.T, test func(*testing.T)) { test(t) }
	bustest.Run(t, asItIs, func(t *testing.T) bustest.Engine {
		t.Helper()
		redistest.Says(t, s, "OK", "FLUSHALL")
		return restricted{engine{s}}
	})
}

// TestLeastRights: without any one of them something does not work. Of a right that is not needed this fails.
func TestLeastRights(t *testing.T) {
	t.Parallel()
	line := rights(t, "secret")
	s := redistest.Start(t, redis.Config{Lines: []string{line}})
	for word := range strings.FieldsSeq(line) {
		if !strings.HasPrefix(word, "+") || word == "+info" { // INFO is for usher check --online
			continue
		}
		redistest.Says(t, s, "OK", "FLUSHALL")
		redistest.Says(t, s, "OK", "SCRIPT", "FLUSH")
		redistest.Says(t, s, "OK", append([]string{"ACL", "SETUSER"}, strings.Fields(line)[1:]...)...)
		redistest.Says(t, s, "OK", "ACL", "SETUSER", "usher", "-"+word[1:])
		b := restricted{engine{s}}.Connect(t).(*bus.Bus)
		if err := everything(t, b); !errors.Is(err, cluster.ErrRefused) || !strings.Contains(err.Error(), "users.acl") {
			t.Errorf("without %s: %v", word, err)
		}
		b.Close()
	}
}

// everything asks the engine for all there is.
func everything(t *testing.T, b *bus.Bus) error {
	t.Helper()
	const scope = cluster.Global
	ctx := t.Context()
	at, err := b.End(ctx, scope)
	list := bustest.Entries("a", 1, 1, 2)
	all := []error{err, b.Publish(ctx, scope, list[:1])}
	_, err = b.End(ctx, scope)
	all = append(all, err, b.Publish(ctx, scope, list))
	for range 2 { // from the beginning, and from an entry
		err = b.Follow(ctx, scope, at, func(batch cluster.Batch) error {
			if len(batch.Entries) > 0 {
				at = batch.Entries[0].Position
			}
			return errFull
		})
		if !errors.Is(err, errFull) {
			all = append(all, err)
		}
	}
	all = append(all, b.Snapshot(ctx, scope, "a", func([]cluster.Sealed) error { return nil }))
	_, err = b.Nodes(ctx, scope)
	all = append(all, err, b.Forget(ctx, scope, "a"))
	_, err = b.Lease(ctx, scope, "a", time.Minute)
	return errors.Join(append(all, err)...)
}

// TestPasswords: what is wrong with them is said, and a password that was changed in its file is taken.
func TestPasswords(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, redis.Config{Password: "first"})
	for want, o := range map[string]bus.Options{
		"NOAUTH":                {},
		"WRONGPASS":             {Password: text("wrong")},
		"user or password_file": {Password: text("first"), User: "nobody"},
	} {
		o.Address, o.Timeout = s.Address(), patience
		b := connect(t, o)
		_, err := b.End(t.Context(), cluster.Global)
		if !errors.Is(err, cluster.ErrRefused) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	var now atomic.Pointer[string]
	wrong, right := "wrong", "first"
	now.Store(&wrong)
	b := connect(t, bus.Options{Address: s.Address(), Timeout: patience,
		Password: func() (string, error) { return *now.Load(), nil }})
	if _, err := b.End(t.Context(), cluster.Global); !errors.Is(err, cluster.ErrRefused) {
		t.Errorf("a wrong password: %v", err)
	}
	now.Store(&right)
	if _, err := b.End(t.Context(), cluster.Global); err != nil {
		t.Errorf("the right password: %v", err)
	}
}

// TestOverTLS: the certificate must prove the address; a server without TLS is a setting, too. Sentinel, too, has TLS.
func TestOverTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certs, err := redis.WriteCerts(dir)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(certs.CA)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(file)
	s := redistest.Start(t, redis.Config{TLS: certs, Dir: dir, Socket: dir + "/redis.sock", Password: "secret"})
	found, err := redis.StartSentinel(t.Context(), redis.Config{Dir: t.TempDir(), TLS: certs, Password: "other"},
		"usher", s, 1)
	sentinel := redistest.Running(t, found, err)
	plain := redistest.Start(t, redis.Config{})
	trusting := &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	for name, c := range map[string]struct {
		o    bus.Options
		want error
	}{
		"right":      {bus.Options{Address: s.Address(), TLS: trusting, Password: text("secret")}, nil},
		"stranger":   {bus.Options{Address: s.Address(), TLS: &tls.Config{}, Password: text("secret")}, cluster.ErrRefused},
		"other name": {bus.Options{Address: s.Address(), TLS: named(trusting)}, cluster.ErrRefused},
		"without":    {bus.Options{Address: s.Address(), Password: text("secret")}, cluster.ErrAway},
		"at a plain": {bus.Options{Address: plain.Address(), TLS: trusting, Timeout: time.Second}, // it waits for a line
			cluster.ErrAway},
		"socket": {bus.Options{Address: dir + "/redis.sock", Password: text("secret")}, nil},
		"by Sentinel": {bus.Options{Sentinel: "usher", Sentinels: []string{sentinel.Address()}, TLS: trusting,
			Password: text("secret"), SentinelPassword: text("other")}, nil},
		"not let in by Sentinel": {bus.Options{Sentinel: "usher", Sentinels: []string{sentinel.Address()}, TLS: trusting,
			Password: text("secret")}, cluster.ErrRefused},
	} {
		c.o.Timeout = cmp.Or(c.o.Timeout, patience)
		b := connect(t, c.o)
		if _, err := b.End(t.Context(), cluster.Global); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func named(c *tls.Config) *tls.Config {
	c = c.Clone()
	c.ServerName = "redis.example.com"
	return c
}
