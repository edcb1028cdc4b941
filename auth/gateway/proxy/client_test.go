package proxy

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"usher/metrics"
)

func from(peer string, forwarded ...string) *http.Request {
	return &http.Request{RemoteAddr: peer, Header: http.Header{"X-Forwarded-For": forwarded, "X-Forwarded-Proto": {"https"}}}
}

func TestClientOf(t *testing.T) {
	c := &Settings{Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("10.0.0.0/8")}}
	for _, row := range []struct {
		name    string
		r       *http.Request
		address string // "" is unknown
		known   bool
	}{
		{"direct", from("192.0.2.1:5"), "192.0.2.1", true},
		{"direct, with a word of his own", from("192.0.2.1:5", "127.0.0.1"), "192.0.2.1", true},
		{"direct, mapped", from("[::ffff:192.0.2.1]:5"), "192.0.2.1", true},
		{"direct, by a zone", from("[fe80::1%eth0]:5"), "fe80::1", true},
		{"a proxy", from("127.0.0.1:5", "192.0.2.1"), "192.0.2.1", true},
		{"a proxy, mapped", from("[::ffff:127.0.0.1]:5", "::ffff:192.0.2.1"), "192.0.2.1", true},
		{"two proxies", from("127.0.0.1:5", "192.0.2.1, 10.1.2.3"), "192.0.2.1", true},
		{"two proxies, two lines", from("127.0.0.1:5", "192.0.2.1", "10.1.2.3"), "192.0.2.1", true},
		{"forged before", from("127.0.0.1:5", "198.51.100.7, 192.0.2.1, 10.1.2.3"), "192.0.2.1", true},
		{"forged as a proxy", from("127.0.0.1:5", "10.9.9.9, 192.0.2.1"), "192.0.2.1", true},
		{"garbage before", from("127.0.0.1:5", "x, 192.0.2.1"), "192.0.2.1", true},
		{"garbage behind", from("127.0.0.1:5", "192.0.2.1, x"), "", false},
		{"garbage behind a proxy", from("127.0.0.1:5", "192.0.2.1, x, 10.1.2.3"), "10.1.2.3", false},
		{"proxies only", from("127.0.0.1:5", "10.1.2.3"), "10.1.2.3", false},
		{"a proxy that tells nothing", from("127.0.0.1:5"), "", false},
		{"an empty header", from("127.0.0.1:5", ""), "", false},
		{"a zone", from("127.0.0.1:5", "fe80::1%eth0"), "fe80::1", true},
		{"a port", from("127.0.0.1:5", "192.0.2.1:80"), "192.0.2.1", true},
		{"a port of IPv6", from("127.0.0.1:5", "[2001:db8::1]:80"), "2001:db8::1", true},
		{"a Unix socket", from("@", "192.0.2.1"), "192.0.2.1", true},
		{"a Unix socket without a header", from(""), "", false},
	} {
		got := c.clientOf(row.r)
		want, _ := netip.ParseAddr(row.address)
		if got.address != want || c.known(got) != row.known {
			t.Errorf("%s: %v, known %v; want %q, %v", row.name, got.address, c.known(got), row.address, row.known)
		}
		if trusted := !strings.HasPrefix(row.name, "direct"); (got.proto == "https") != trusted {
			t.Errorf("%s: X-Forwarded-Proto is %q", row.name, got.proto)
		}
	}
}

func TestGroup(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.1": "192.0.2.1/32", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "": "invalid Prefix",
	} {
		a, _ := netip.ParseAddr(address)
		if got := (client{address: a}).group().String(); got != want {
			t.Errorf("%s counts as %s, want %s", address, got, want)
		}
	}
}

func TestLimiter(t *testing.T) {
	c := Settings{Connections: 5, ConnectionsPerAddress: 2}.WithDefaults()
	one, two, unknown := client{address: netip.MustParseAddr("2001:db8::1")}, client{address: netip.MustParseAddr("2001:db8::2")}, client{}
	var l limiter
	reserve := func(from client, want metrics.Refusal) func() {
		t.Helper()
		release, full := l.reserve(c, from)
		if full != want || (release == nil) != (want != 0) {
			t.Fatalf("full is %q, want %q", full, want)
		}
		return release
	}
	first := reserve(one, 0)
	second := reserve(two, 0) // of the same network
	reserve(one, metrics.RefusedAddress)
	third, fourth, fifth := reserve(unknown, 0), reserve(unknown, 0), reserve(unknown, 0)
	reserve(unknown, metrics.RefusedConnections)
	reserve(one, metrics.RefusedConnections)
	first()
	first() // once only
	reserve(two, 0)
	reserve(two, metrics.RefusedConnections)
	third()
	reserve(one, metrics.RefusedAddress)
	for _, release := range []func(){second, fourth, fifth} {
		release()
	}
	if l.taken != 1 || len(l.groups) != 1 {
		t.Errorf("%d places are taken by %d groups, want 1 and 1", l.taken, len(l.groups))
	}
}

func TestLimiterOfAProxyItself(t *testing.T) {
	c := Settings{ConnectionsPerAddress: 1, Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}.WithDefaults()
	var l limiter
	for range 10 { // locked in as one client it would lock everybody out
		if _, full := l.reserve(c, client{address: netip.MustParseAddr("127.0.0.1")}); full != 0 {
			t.Fatal(full)
		}
	}
	if len(l.groups) != 0 {
		t.Errorf("it is counted: %v", l.groups)
	}
}
