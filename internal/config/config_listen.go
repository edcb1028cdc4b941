package config

import (
	"net"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"

	"usher/internal/text"
)

// maxSocketPath is what fits in a sockaddr_un of Linux, with its closing NUL.
const maxSocketPath = 107

// defaultExtauthSocket is where usher-extauth looks without being told; the
// daemon listens there only if the configuration says so.
const DefaultExtauthSocket = "/run/usher/extauth.sock"

// An address is what net.Listen takes. Addresses are compared with ==.
type Address struct {
	Network string // unix or tcp
	Name    string // an absolute path, or host:port
}

// String returns the address as the configuration has it.
func (a Address) String() string { return a.Name }

// read also tells where http is named, if it is.
func (l *Listen) read(v value) (http value, ok bool) {
	named := map[*Address]value{}
	reads := func(a *Address, parse func(value) (Address, bool)) func(value) {
		return func(v value) {
			if parsed, ok := parse(v); ok {
				*a, named[a] = parsed, v
			}
		}
	}
	v.object(
		field{"dovecot", reads(&l.Dovecot, func(v value) (Address, bool) {
			return v.address("passwords would cross the network in plain text")
		})},
		field{"extauth", reads(&l.Extauth, value.socket)},
		field{"http", reads(&l.HTTP, func(v value) (Address, bool) {
			return v.address("tokens would cross the network in plain text")
		})},
		field{"gateway", reads(&l.Gateway, func(v value) (Address, bool) {
			return v.address("tokens would cross the network in plain text")
		})},
		field{"metrics", reads(&l.Metrics, func(v value) (Address, bool) {
			return v.address("everybody on that network could read the metrics")
		})},
		field{"admin", reads(&l.Admin, value.socket)},
	)
	all := []*Address{&l.Dovecot, &l.Extauth, &l.HTTP, &l.Gateway, &l.Metrics, &l.Admin}
	for i, a := range all {
		for _, b := range all[:i] {
			reportShared(named, a, b)
		}
	}
	http, ok = named[&l.HTTP]
	return http, ok
}

// addresses are all of them, by key.
func (l *Listen) ByName() map[string]Address {
	return map[string]Address{"dovecot": l.Dovecot, "extauth": l.Extauth, "http": l.HTTP, "gateway": l.Gateway, "metrics": l.Metrics, "admin": l.Admin}
}

// reportShared compares two listeners, and reports at the one that the file
// names: the other may be a default.
func reportShared(named map[*Address]value, a, b *Address) {
	if *a != *b || a.Name == "" || strings.HasSuffix(a.Name, ":0") {
		return
	}
	v, ok := named[a]
	if !ok {
		v, ok = named[b]
	}
	if ok {
		v.problem("give each listener its own", "two listeners have the address %s", a)
	}
}

// socketOf is the socket of a listener by default, or that it could have.
func socketOf(key string) string {
	if name := Default().Listen.ByName()[key]; name.Network == "unix" {
		return name.Name
	}
	return "/run/usher/" + key + ".sock"
}

// socket reads the path of a Unix socket.
func (v value) socket() (Address, bool) {
	s, ok := v.word()
	switch {
	case !ok:
	case !filepath.IsAbs(s):
		v.problem("write an absolute path, such as "+socketOf(v.name), "%s: %q is no absolute path", v.name, text.Clip(s))
	case strings.HasSuffix(s, "/"):
		v.problem("add the socket's name", "%s: %q is a folder", v.name, text.Clip(s))
	case len(s) > maxSocketPath:
		v.problem("use a shorter path, at most 107 bytes", "%s: the path has %d bytes, too many for a Unix socket", v.name, len(s))
	default:
		return Address{"unix", filepath.Clean(s)}, true
	}
	return Address{}, false
}

// address reads a path or host:port; danger is what comes of an address that
// others than this machine reach.
func (v value) address(danger string) (Address, bool) {
	if v.portAlone("") {
		return Address{}, false
	}
	s, ok := v.word()
	if !ok {
		return Address{}, false
	}
	host, port, err := net.SplitHostPort(s)
	if strings.HasPrefix(s, "/") || err != nil && !strings.Contains(s, ":") {
		return v.socket()
	}
	if _, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || strings.Contains(s, "/") {
		v.problem("write a path, or host:port such as 127.0.0.1:9280 or [::1]:9280", "%s: %q is no address", v.name, text.Clip(s))
		return Address{}, false
	}
	if !Loopback(host) {
		v.warn("use a path or 127.0.0.1, unless the network is your own", "%s: %s is not loopback: %s", v.name, text.Clip(s), danger)
	}
	return Address{"tcp", s}, true
}

func Loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}
