package value

import (
	"net"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"

	"usher/auth/gateway"
	"usher/internal/jid"
	"usher/internal/strictyaml"
	"usher/internal/text"
)

// DefaultUpstream is where Prosody's own HTTP server is if nobody moved it.
const DefaultUpstream = "http://127.0.0.1:5280"

const mendUpstream = "write Prosody's HTTP server, such as " + DefaultUpstream

// Upstream reads the address of Prosody's web server, without path and query.
func Upstream(v strictyaml.Value, to **url.URL) {
	Server(v, to, mendUpstream, ": "+gateway.WebSocketPath+" and "+gateway.BOSHPath+" are added")
}

// Server reads the address of a web server; what follows is said of one with a path.
func Server(v strictyaml.Value, to **url.URL, mend, added string) {
	if PortAlone(v, "http://") {
		return
	}
	s, ok := v.Word()
	if !ok {
		return
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		v.Problem(mend, "%s: %q is no address of a web server", v.Name(), text.Clip(s))
		return
	case u.User != nil:
		v.Problem(mend, "%s has a user name or a password", v.Name())
		return
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		v.Problem("leave out what follows the port"+added,
			"%s: %q has a path", v.Name(), text.Clip(s))
		return
	}
	if u.Scheme == "http" && !Loopback(u.Hostname()) {
		v.Warn("use 127.0.0.1 or https, unless the network is your own",
			"%s: %s is not loopback: what people say would cross the network in plain text", v.Name(), text.Clip(s))
	}
	u.Path = ""
	*to = u
}

// Origin brings an origin into the form of the Origin header: the
// scheme's own port is left out, and names are in punycode (RFC 6454 section 6).
func Origin(u *url.URL) string {
	host, port := u.Hostname(), u.Port()
	if u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		port = ""
	}
	if ascii, err := idna.Lookup.ToASCII(host); err == nil {
		host = ascii
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port != "" {
		host += ":" + port
	}
	return u.Scheme + "://" + host
}

// HostHeaders reads values of the Host header: a name or an address, and a port unless it is the usual one.
func HostHeaders(v strictyaml.Value, mend string) []string {
	var hosts []string
	for _, it := range v.List() {
		host := it.Text
		if name, port, err := net.SplitHostPort(it.Text); err == nil {
			if _, bad := strconv.ParseUint(port, 10, 16); bad == nil {
				host = name
			}
		}
		if net.ParseIP(strings.Trim(host, "[]")) == nil && !jid.IsHost(host) {
			it.Problem(mend, "%s: %q is no host", v.Name(), text.Clip(it.Text))
			continue
		}
		hosts = append(hosts, it.Text)
	}
	return hosts
}
