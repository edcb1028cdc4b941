package proxy

import (
	"net/http"
	"net/netip"
	"strings"

	"usher/internal/listen"
)

// A client is the address that a request comes from.
type client struct {
	address netip.Addr // the zero value: not known
	proto   string     // X-Forwarded-Proto of a trusted proxy, or empty
}

// clientOf finds the client's address: the last one in X-Forwarded-For that no
// trusted proxy has. What stands before it is the client's own word. The header
// counts only if a trusted proxy sent it; on a Unix socket one always did.
func (c *Settings) clientOf(r *http.Request) client {
	peer, tcp := peerOf(r)
	if tcp && !c.trusts(peer) {
		return client{address: peer}
	}
	found := client{proto: r.Header.Get("X-Forwarded-Proto")}
	list := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(list) - 1; i >= 0; i-- {
		a, ok := parseHop(strings.TrimSpace(list[i]))
		if !ok {
			return found
		}
		if found.address = a.Unmap().WithZone(""); !c.trusts(found.address) {
			return found
		}
	}
	return found
}

// parseHop reads an address; some proxies write the port behind it.
func parseHop(s string) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(s); err == nil {
		return a, true
	}
	p, err := netip.ParseAddrPort(s)
	return p.Addr(), err == nil
}

func peerOf(r *http.Request) (netip.Addr, bool) {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return peer.Addr().Unmap().WithZone(""), err == nil
}

// String is the address for a log line.
func (c client) String() string {
	if !c.address.IsValid() {
		return "unknown"
	}
	return c.address.String()
}

// group is what counts as one address: of IPv6 the network of a customer.
func (c client) group() netip.Prefix { return listen.NetworkOf(c.address) }

// known reports whether the client's own address is known. A trusted proxy that
// does not tell it is not counted as one client: all clients behind it would be
// locked out together.
func (c *Settings) known(from client) bool {
	return from.address.IsValid() && !c.trusts(from.address)
}
