package main

import (
	"net"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
)

// maxSocketPath is what fits in a sockaddr_un of Linux, with its closing NUL.
const maxSocketPath = 107

// defaultExtauthSocket is where usher-extauth looks without being told; the
// daemon listens there only if the configuration says so.
const defaultExtauthSocket = "/run/usher/extauth.sock"

// An address is what net.Listen takes. Addresses are compared with ==.
type address struct {
	network string // unix or tcp
	name    string // an absolute path, or host:port
}

// String returns the address as the configuration has it.
func (a address) String() string { return a.name }

// read also tells where http is named, if it is.
func (l *listenConfig) read(v value) (http value, ok bool) {
	named := map[*address]value{}
	reads := func(a *address, parse func(value) (address, bool)) func(value) {
		return func(v value) {
			if parsed, ok := parse(v); ok {
				*a, named[a] = parsed, v
			}
		}
	}
	v.object(
		field{"dovecot", reads(&l.dovecot, func(v value) (address, bool) {
			return v.address("passwords would cross the network in plain text")
		})},
		field{"extauth", reads(&l.extauth, value.socket)},
		field{"http", reads(&l.http, func(v value) (address, bool) {
			return v.address("tokens would cross the network in plain text")
		})},
		field{"gateway", reads(&l.gateway, func(v value) (address, bool) {
			return v.address("tokens would cross the network in plain text")
		})},
		field{"metrics", reads(&l.metrics, func(v value) (address, bool) {
			return v.address("everybody on that network could read the metrics")
		})},
		field{"admin", reads(&l.admin, value.socket)},
	)
	all := []*address{&l.dovecot, &l.extauth, &l.http, &l.gateway, &l.metrics, &l.admin}
	for i, a := range all {
		for _, b := range all[:i] {
			reportShared(named, a, b)
		}
	}
	http, ok = named[&l.http]
	return http, ok
}

// addresses are all of them, by key.
func (l *listenConfig) addresses() map[string]address {
	return map[string]address{"dovecot": l.dovecot, "extauth": l.extauth, "http": l.http, "gateway": l.gateway, "metrics": l.metrics, "admin": l.admin}
}

// reportShared compares two listeners, and reports at the one that the file
// names: the other may be a default.
func reportShared(named map[*address]value, a, b *address) {
	if *a != *b || a.name == "" || strings.HasSuffix(a.name, ":0") {
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
	if name := defaultConfig().listen.addresses()[key]; name.network == "unix" {
		return name.name
	}
	return "/run/usher/" + key + ".sock"
}

// socket reads the path of a Unix socket.
func (v value) socket() (address, bool) {
	s, ok := v.word()
	switch {
	case !ok:
	case !filepath.IsAbs(s):
		v.problem("write an absolute path, such as "+socketOf(v.name), "%s: %q is no absolute path", v.name, clip(s))
	case strings.HasSuffix(s, "/"):
		v.problem("add the socket's name", "%s: %q is a folder", v.name, clip(s))
	case len(s) > maxSocketPath:
		v.problem("use a shorter path, at most 107 bytes", "%s: the path has %d bytes, too many for a Unix socket", v.name, len(s))
	default:
		return address{"unix", filepath.Clean(s)}, true
	}
	return address{}, false
}

// address reads a path or host:port; danger is what comes of an address that
// others than this machine reach.
func (v value) address(danger string) (address, bool) {
	if v.portAlone("") {
		return address{}, false
	}
	s, ok := v.word()
	if !ok {
		return address{}, false
	}
	host, port, err := net.SplitHostPort(s)
	if strings.HasPrefix(s, "/") || err != nil && !strings.Contains(s, ":") {
		return v.socket()
	}
	if _, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || strings.Contains(s, "/") {
		v.problem("write a path, or host:port such as 127.0.0.1:9280 or [::1]:9280", "%s: %q is no address", v.name, clip(s))
		return address{}, false
	}
	if !loopback(host) {
		v.warn("use a path or 127.0.0.1, unless the network is your own", "%s: %s is not loopback: %s", v.name, clip(s), danger)
	}
	return address{"tcp", s}, true
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}
