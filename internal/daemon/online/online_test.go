package online

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"usher/auth/signin/signintest"
	"usher/internal/cluster"
	"usher/internal/config"
	"usher/internal/config/clustersection"
)

// TestEngineOptions: what the configuration says of Redis is what is connected to, with the password of the moment.
func TestEngineOptions(t *testing.T) {
	t.Parallel()
	c := &clustersection.Cluster{User: "usher", Password: "old", SentinelPassword: "other",
		Redis: clustersection.Redis{Network: "tcp", Addresses: []string{"r1:1", "r2:1"}, Sentinel: "usher", Database: 3, TLS: true}}
	now := c
	o := EngineOptions(c, func() *clustersection.Cluster { return now })
	if o.Address != "" || o.Sentinel != "usher" || len(o.Sentinels) != 2 || o.Database != 3 || o.User != "usher" ||
		o.TLS == nil || o.TLS.RootCAs != nil {
		t.Errorf("%+v", o)
	}
	now = &clustersection.Cluster{Password: "new"}
	if p, err := o.Password(); err != nil || p != "new" {
		t.Errorf("%q, %v", p, err)
	}
	socket := &clustersection.Cluster{Redis: clustersection.Redis{Network: "unix", Addresses: []string{"/run/redis.sock"}}}
	if o := EngineOptions(socket, func() *clustersection.Cluster { return socket }); o.Address != "/run/redis.sock" || o.TLS != nil ||
		len(o.Sentinels) != 0 {
		t.Errorf("%+v", o)
	}
	if got := Look(t.Context(), &config.Config{}, "usher.yaml"); got != nil {
		t.Errorf("without a cluster it finds %v", got)
	}
}

// TestLookAtProviders: who signs people in is asked, and what keeps usher from sending them there is at the issuer's line.
func TestLookAtProviders(t *testing.T) {
	t.Parallel()
	p := signintest.New(t)
	dir := t.TempDir()
	for name, content := range map[string]string{"login.secret": strings.Repeat("login-", 8), "client.secret": "client"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for issuer, want := range map[string]string{
		p.URL: "",
		p.URL + "/": `5:12: login: nobody can sign in at h: the provider: it calls itself "` + p.URL + `", and issuer is "` + p.URL +
			`/" — write it letter by letter as it does`,
		p.URL + "/realms": "5:12: login: nobody can sign in at h: the provider: the server answers 404 Not Found to " + p.URL +
			"/realms/.well-known/openid-configuration — look at the provider, and at issuer and ca_file",
	} {
		file := filepath.Join(dir, "usher.yaml")
		if err := os.WriteFile(file, []byte("listen: {gateway: '127.0.0.1:8281'}\nlogin:\n secret_files: [login.secret]\n"+
			" hosts: {h: {client_id: meet, client_secret_file: client.secret,\n   issuer: '"+issuer+"'}}\n"+
			"gateway: {upstream: 'http://127.0.0.1:5280'}\nhosts: {h: {}}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		c, problems := config.Load(file)
		if c == nil {
			t.Fatal(problems)
		}
		var got strings.Builder
		for _, found := range Look(t.Context(), c, file) {
			got.WriteString(fmt.Sprintf("%d:%d: %s — %s", found.Line, found.Column, found.Text, found.Mend))
		}
		if got.String() != want {
			t.Errorf("%s:\n got %s\nwant %s", issuer, got.String(), want)
		}
	}
}

// TestMendOf: what is said to be done is about what went wrong.
func TestMendOf(t *testing.T) {
	t.Parallel()
	secure, plain := &clustersection.Cluster{Redis: clustersection.Redis{TLS: true}}, &clustersection.Cluster{}
	for _, c := range []struct {
		err  error
		of   *clustersection.Cluster
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
