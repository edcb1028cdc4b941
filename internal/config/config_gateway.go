package config

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"usher/auth/gateway"
	"usher/internal/text"
)

const (
	defaultUpstream  = "http://127.0.0.1:5280"
	maxGatewayPlaces = 1_000_000
	minMessageSize   = 10_000 // what a server must take (RFC 6120 section 13.12)
	maxMessageSize   = 64 << 20
	mendUpstream     = "write Prosody's HTTP server, such as " + defaultUpstream
	mendOrigin       = "write the beginning of the page's address up to the first single slash, such as https://meet.example.com, or \"*\" for any"
)

func defaultGateway() gateway.Settings {
	upstream, _ := url.Parse(defaultUpstream)
	return gateway.Settings{
		Upstream: upstream, Guests: true,
		Proxies:     []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("::1/128")},
		Connections: gateway.DefaultConnections, ConnectionsPerAddress: gateway.DefaultConnectionsPerAddress,
		MessageBytes: gateway.DefaultMessageBytes,
	}
}

// A gatewayReader reads the section gateway.
type gatewayReader struct {
	config  *gateway.Settings
	section value
	named   bool
}

func (r *gatewayReader) read(v value) {
	r.section, r.named = v, true
	g := r.config
	size := int(g.MessageBytes)
	v.object(
		field{"upstream", func(v value) { v.upstream(&g.Upstream) }},
		field{"origins", func(v value) { g.Origins = v.origins() }},
		field{"guests", func(v value) { v.boolean(&g.Guests) }},
		field{"trusted_proxies", func(v value) { g.Proxies = v.networks() }},
		field{"max_connections", func(v value) { v.integer(&g.Connections, 1, maxGatewayPlaces) }},
		field{"max_connections_per_address", func(v value) { v.integer(&g.ConnectionsPerAddress, 1, maxGatewayPlaces) }},
		field{"max_message_size", func(v value) { v.integer(&size, minMessageSize, maxMessageSize) }},
	)
	g.MessageBytes = int64(size)
}

// check judges what only all keys together tell.
func (r *gatewayReader) check(listens Address) {
	if r.named && listens.Name == "" {
		r.section.warn("name listen.gateway, such as 127.0.0.1:8281, or remove gateway", "gateway: nobody can connect, as there is no listen.gateway")
	}
}

// upstream reads the address of a web server, without path and query.
func (v value) upstream(to **url.URL) {
	if v.portAlone("http://") {
		return
	}
	s, ok := v.word()
	if !ok {
		return
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		v.problem(mendUpstream, "%s: %q is no address of a web server", v.name, text.Clip(s))
		return
	case u.User != nil:
		v.problem(mendUpstream, "%s has a user name or a password", v.name)
		return
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		v.problem("leave out what follows the port: "+gateway.WebSocketPath+" and "+gateway.BOSHPath+" are added", "%s: %q has a path", v.name, text.Clip(s))
		return
	}
	if u.Scheme == "http" && !Loopback(u.Hostname()) {
		v.warn("use 127.0.0.1 or https, unless the network is your own", "%s: %s is not loopback: what people say would cross the network in plain text", v.name, text.Clip(s))
	}
	u.Path = ""
	*to = u
}

// origins reads origins of web pages as browsers write them (RFC 6454).
func (v value) origins() []string {
	list := []string{}
	for _, it := range v.list() {
		origin := strings.ToLower(it.text)
		u, err := url.Parse(origin)
		switch {
		case origin == "*":
		case err != nil || u.Host == "" || u.User != nil || u.Scheme+"://"+u.Host != origin:
			it.problem(mendOrigin, "%s: %q is no origin", v.name, text.Clip(it.text))
			continue
		case strings.Contains(origin, "*"):
			it.problem("name each, or write \"*\" alone", "%s: %q has a wildcard in it", v.name, text.Clip(it.text))
			continue
		default:
			origin = asBrowsersWrite(u)
		}
		if !slices.Contains(list, origin) {
			list = append(list, origin)
		}
	}
	if len(list) > 1 && slices.Contains(list, "*") {
		v.warn("remove the others", "%s: \"*\" lets pages of every origin connect", v.name)
	}
	return list
}

// networks reads addresses and networks.
func (v value) networks() []netip.Prefix {
	list := []netip.Prefix{}
	for _, it := range v.list() {
		if a, err := netip.ParseAddr(it.text); err == nil && a.Zone() == "" {
			list = append(list, netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()))
		} else if p, err := netip.ParsePrefix(it.text); err == nil {
			list = append(list, p.Masked())
		} else {
			it.problem("write an address or a network, such as 10.0.0.5 or 10.0.0.0/24", "%s: %q is no address", v.name, text.Clip(it.text))
		}
	}
	return list
}
