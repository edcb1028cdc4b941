package daemon

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"usher/internal/cluster"
	"usher/internal/config"
)

// TestEngineOptions: what the configuration says of Redis is what is connected to, with the password of the moment.
func TestEngineOptions(t *testing.T) {
	t.Parallel()
	c := &config.Cluster{User: "usher", Password: "old", SentinelPassword: "other",
		Redis: config.Redis{Network: "tcp", Addresses: []string{"r1:1", "r2:1"}, Sentinel: "usher", Database: 3, TLS: true}}
	now := c
	o := engineOptions(c, func() *config.Cluster { return now })
	if o.Address != "" || o.Sentinel != "usher" || len(o.Sentinels) != 2 || o.Database != 3 || o.User != "usher" ||
		o.TLS == nil || o.TLS.RootCAs != nil {
		t.Errorf("%+v", o)
	}
	now = &config.Cluster{Password: "new"}
	if p, err := o.Password(); err != nil || p != "new" {
		t.Errorf("%q, %v", p, err)
	}
	socket := &config.Cluster{Redis: config.Redis{Network: "unix", Addresses: []string{"/run/redis.sock"}}}
	if o := engineOptions(socket, func() *config.Cluster { return socket }); o.Address != "/run/redis.sock" || o.TLS != nil ||
		len(o.Sentinels) != 0 {
		t.Errorf("%+v", o)
	}
	if got := LookOnline(t.Context(), &config.Config{}, "usher.yaml"); got != nil {
		t.Errorf("without a cluster it finds %v", got)
	}
}

// TestMendOf: what is said to be done is about what went wrong.
func TestMendOf(t *testing.T) {
	t.Parallel()
	secure, plain := &config.Cluster{Redis: config.Redis{TLS: true}}, &config.Cluster{}
	for _, c := range []struct {
		err  error
		of   *config.Cluster
		want string
	}{
		{cluster.ErrRefused, plain, "correct what"},
		{cluster.ErrAway, secure, "start it"},
		{fmt.Errorf("%w: %w", cluster.ErrAway, context.DeadlineExceeded), plain, "start it"},
		{fmt.Errorf("%w: %w", cluster.ErrAway, context.DeadlineExceeded), secure, "TLS"},
	} {
		if got := mendOf(c.err, c.of); !strings.Contains(got, c.want) {
			t.Errorf("%v: %s", c.err, got)
		}
	}
}
