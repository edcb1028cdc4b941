package config

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"usher/auth/gateway"
	"usher/internal/config/section"
	"usher/internal/config/value"
	"usher/internal/strictyaml"
	"usher/internal/text"
)

const (
	maxGatewayPlaces = 1_000_000
	minMessageSize   = 10_000 // what a server must take (RFC 6120 section 13.12)
	maxMessageSize   = 64 << 20
	mendOrigin       = "write the beginning of the page's address up to the first single slash, " +
		"such as https://meet.example.com, or \"*\" for any"
)

func defaultGateway() gateway.Settings {
	upstream, _ := url.Parse(value.DefaultUpstream)
	return gateway.Settings{
		Upstream: upstream, Guests: true,
		Proxies:     []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("::1/128")},
		Connections: gateway.DefaultConnections, ConnectionsPerAddress: gateway.DefaultConnectionsPerAddress,
		MessageBytes: gateway.DefaultMessageBytes,
	}
}

func gatewaySettings() section.Section {
	return section.Section{
		Path: "gateway",
		Text: "usher's gateway stands between the web server and Prosody for browsers, where " +
			"`listen.gateway` is set. It reads the token of Jitsi's links and lets nothing pass before the " +
			"login but a login. [nginx-meet.conf](../deploy/nginx-meet.conf) is the web server's side of " +
			"it.",
		Settings: []section.Setting{
			{Key: "upstream", Kind: "an http or https address without a path", Default: value.DefaultUpstream,
				Example: "http://127.0.0.1:5280",
				Text: "Prosody's own HTTP server (`http_ports`), with `mod_websocket` and `mod_bosh`. " +
					"`/xmpp-websocket` and `/http-bind` are added. With http to another machine what " +
					"people say crosses the network in plain text."},
			{Key: "origins", Kind: "a list of origins, or `[\"*\"]`",
				Unset: "pages of the host that the browser asks", Example: "[\"https://meet.example.com\"]",
				Text: "The web pages that may connect: the beginning of their address, up to the first " +
					"single slash. `\"*\"` is any page; `[]` is none."},
			{Key: "guests", Kind: "true or false", Default: "true", Example: "false",
				Text: "With `true` logins without a token pass, too: SASL ANONYMOUS to the anonymous " +
					"host, and passwords of Prosody's own hosts (PLAIN, SCRAM, OAUTHBEARER), as recorders " +
					"have them. With `false` nothing but a verified token lets anybody in."},
			{Key: "trusted_proxies", Kind: "a list of addresses and networks", Default: "[127.0.0.1, \"::1\"]",
				Example: "[10.0.0.0/24]",
				Text: "The web servers from which `X-Forwarded-For` and `X-Forwarded-Proto` count. " +
					"From others they do not."},
			{Key: "max_connections", Kind: "a number, 1 to 1000000", Default: "10000", Example: "20000",
				Text: "Connections at the same time, in all. It needs an open-files limit " +
					"(`LimitNOFILE`) of four times as many and 2,500 more: with less, usher takes fewer " +
					"connections, keeps those of the doors, and says so in `usher status`."},
			{Key: "max_connections_per_address", Kind: "a number, 1 to 1000000", Default: "1000", Example: "300",
				Text: "Connections at the same time of one address. A school or a firm often has only " +
					"one."},
			{Key: "max_message_size", Kind: "a number of bytes, 10000 to 67108864", Default: "2097152",
				Example: "262144",
				Text: "The longest stanza after the login; before it 16 KiB is the most. Prosody's " +
					"`c2s_stanza_size_limit` (256 KiB) is another bound."},
		},
	}
}

// A gatewayReader reads the section gateway.
type gatewayReader struct {
	config  *gateway.Settings
	section strictyaml.Value
	named   bool
}

func (r *gatewayReader) read(v strictyaml.Value) {
	r.section, r.named = v, true
	g := r.config
	size := int(g.MessageBytes)
	v.Object(gatewaySettings().Fields(section.Readers{
		"upstream":        func(v strictyaml.Value) { value.Upstream(v, &g.Upstream) },
		"origins":         func(v strictyaml.Value) { g.Origins = readOrigins(v) },
		"guests":          func(v strictyaml.Value) { v.Bool(&g.Guests) },
		"trusted_proxies": func(v strictyaml.Value) { g.Proxies = readNetworks(v) },
		"max_connections": func(v strictyaml.Value) { v.Int(&g.Connections, 1, maxGatewayPlaces) },
		"max_connections_per_address": func(v strictyaml.Value) {
			v.Int(&g.ConnectionsPerAddress, 1, maxGatewayPlaces)
		},
		"max_message_size": func(v strictyaml.Value) { v.Int(&size, minMessageSize, maxMessageSize) },
	})...)
	g.MessageBytes = int64(size)
}

// check judges what only all keys together tell.
func (r *gatewayReader) check(listens, console Address) {
	if r.named && listens.Name == "" && console.Name == "" { // its web servers are the console's, too
		r.section.Warn("name listen.gateway, such as 127.0.0.1:8281, or remove gateway",
			"gateway: nobody can connect, as there is no listen.gateway")
	}
}

// readOrigins reads origins of web pages as browsers write them (RFC 6454).
func readOrigins(v strictyaml.Value) []string {
	list := []string{}
	for _, it := range v.List() {
		origin := strings.ToLower(it.Text)
		u, err := url.Parse(origin)
		switch {
		case origin == "*":
		case err != nil || u.Host == "" || u.User != nil || u.Scheme+"://"+u.Host != origin:
			it.Problem(mendOrigin, "%s: %q is no origin", v.Name(), text.Clip(it.Text))
			continue
		case strings.Contains(origin, "*"):
			it.Problem("name each, or write \"*\" alone", "%s: %q has a wildcard in it", v.Name(), text.Clip(it.Text))
			continue
		default:
			origin = value.Origin(u)
		}
		if !slices.Contains(list, origin) {
			list = append(list, origin)
		}
	}
	if len(list) > 1 && slices.Contains(list, "*") {
		v.Warn("remove the others", "%s: \"*\" lets pages of every origin connect", v.Name())
	}
	return list
}

// readNetworks reads addresses and networks.
func readNetworks(v strictyaml.Value) []netip.Prefix {
	list := []netip.Prefix{}
	for _, it := range v.List() {
		if a, err := netip.ParseAddr(it.Text); err == nil && a.Zone() == "" {
			list = append(list, netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()))
		} else if p, err := netip.ParsePrefix(it.Text); err == nil {
			list = append(list, p.Masked())
		} else {
			it.Problem("write an address or a network, such as 10.0.0.5 or 10.0.0.0/24",
				"%s: %q is no address", v.Name(), text.Clip(it.Text))
		}
	}
	return list
}
