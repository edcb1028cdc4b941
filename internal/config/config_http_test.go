package config

import (
	"net"
	"slices"
	"testing"
)

func TestHostHeaders(t *testing.T) {
	c := HTTP{Hosts: []string{"usher:8280"}}
	loopback := []string{"usher:8280", "127.0.0.1:8280", "[::1]:8280", "localhost:8280"}
	for _, row := range []struct {
		addr net.Addr
		want []string
	}{
		{&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8280}, loopback},
		{&net.TCPAddr{IP: net.IPv6zero, Port: 8280}, loopback},
		{&net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 80}, []string{"usher:8280", "192.0.2.1:80", "192.0.2.1"}},
		{&net.UnixAddr{Net: "unix", Name: "/run/usher/http.sock"}, []string{"usher:8280", "localhost"}},
	} {
		if got := c.HostHeaders(row.addr); !slices.Equal(got, row.want) {
			t.Errorf("%v: %q, want %q", row.addr, got, row.want)
		}
	}
	if len(c.Hosts) != 1 {
		t.Error("the configuration was changed")
	}
}
