package endpoints

import (
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"usher/auth"
	"usher/auth/keys"
	"usher/internal/config"
	"usher/internal/listen"
)

// TestBehindProxy: whose connections are everybody's, and have no share of their own.
func TestBehindProxy(t *testing.T) {
	c := config.Default()
	c.Gateway.Proxies = append(c.Gateway.Proxies, netip.MustParsePrefix("10.1.0.0/16"),
		netip.MustParsePrefix("2001:db8::5/128"))
	for address, want := range map[string]bool{
		"127.0.0.1": true, "127.3.2.1": true, "::1": true, "10.1.2.3": true, "::ffff:10.1.2.3": true, "2001:db8::5": true,
		"10.2.0.1": false, "192.0.2.1": false, "2001:db8:1::5": false,
	} {
		if got := behindProxy(c, listen.Peer{Network: listen.NetworkOf(netip.MustParseAddr(address))}); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
	if !behindProxy(c, listen.Peer{UID: 33}) {
		t.Error("a Unix socket has a proxy at its other end")
	}
}

// TestShortageIsToldOnce: at the start and at each reload the files are divided, and the log has a line where that
// changes.
func TestShortageIsToldOnce(t *testing.T) {
	var log strings.Builder
	e := &Endpoints{log: slog.New(slog.NewTextHandler(&log, nil)), files: 500}
	short := func(n string) *Division {
		return &Division{short: []string{"http has " + n + " of 1024 connections"}, wanted: 2000}
	}
	for _, row := range []struct {
		d    *Division
		want int // lines until now
	}{{short("128"), 1}, {short("128"), 1}, {short("200"), 2}, {&Division{}, 2}, {&Division{}, 2}, {short("200"), 3}} {
		e.note(row.d)
		if got := strings.Count(log.String(), "too few open files"); got != row.want {
			t.Errorf("%v: %d lines, want %d", row.d.short, got, row.want)
		}
	}
}

// TestDivision: with whatever limit of files, all connections fit into it, the doors have their least, and what is
// configured is had where it fits.
func TestDivision(t *testing.T) {
	c := config.Default()
	c.Auth.Hosts["meet.example.com"] = auth.HostConfig{Issuers: map[string]auth.IssuerConfig{"a": {Keys: keys.Config{Locations: []keys.Location{{Kind: keys.JWKSURL, URL: "https://a.example"}}}}, "b": {}}}
	each := map[string]int{"dovecot": 1, "extauth": 1, "http": 1, "metrics": 1, "admin": 1, "gateway": 2}
	e := &Endpoints{Bound: map[string]*listen.Bound{}, log: slog.New(slog.DiscardHandler)}
	for name := range each {
		e.Bound[name] = &listen.Bound{}
	}
	for _, e.files = range []int{0, 100, 433, 434, 500, 1024, 4096, 20_000, 65_536, 1 << 20} {
		d, err := e.Divide(c)
		if (err != nil) != (e.files < 434) {
			t.Fatalf("%d files: %v", e.files, err)
		}
		if err != nil {
			continue
		}
		sum := otherFiles + 2 + idleUpstream
		for name, l := range d.limits {
			sum += l.Most * each[name]
		}
		if sum > e.files || d.limits["http"].Most < 128 || d.limits["dovecot"].Most < 32 ||
			d.limits["gateway"].Most < 32 {
			t.Errorf("%d files: %d are used by %+v", e.files, sum, d.limits)
		}
		if full := e.files >= d.wanted; full != (len(d.short) == 0) || full &&
			d.limits["gateway"].Most != 2*c.Gateway.Connections+256 {
			t.Errorf("%d files, %d wanted: short of %v, %+v", e.files, d.wanted, d.short, d.limits["gateway"])
		}
		if w := d.limits["gateway"].Waiting; w < 1 || w > c.Gateway.ConnectionsPerAddress ||
			w >= d.limits["gateway"].Most {
			t.Errorf("%d files: an address may wait with %d", e.files, w)
		}
	}
}
