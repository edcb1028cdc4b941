// Package value answers one question: what does a value of the configuration mean
// that several of its sections have: an address, a name of Prosody's, a claim? A
// value that means nothing is reported where it stands, with what to write
// instead. It starts no goroutine and has no lock.
package value

import (
	"net"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"

	"usher/internal/strictyaml"
	"usher/internal/text"
)

// Text returns what reads any text, and where it stands.
func Text(to *strictyaml.Item) func(strictyaml.Value) {
	return func(v strictyaml.Value) {
		s, _ := v.AnyText()
		*to = strictyaml.ItemOf(v, s)
	}
}

// Refuse reports an error of another package, which has its advice after a
// semicolon, or else mend.
func Refuse(v strictyaml.Value, mend string, err error, format string, args ...any) {
	what, own, found := strings.Cut(err.Error(), "; ")
	if found {
		mend = own
	}
	v.Problem(mend, format, append(args, what)...)
}

// MaxSocketPath is what fits in a sockaddr_un of Linux, with its closing NUL.
const MaxSocketPath = 107

// An Address is what net.Listen takes. Addresses are compared with ==.
type Address struct {
	Network string // unix or tcp
	Name    string // an absolute path, or host:port
}

// String returns the address as the configuration has it.
func (a Address) String() string { return a.Name }

// Socket returns what reads the path of a Unix socket; usual is one that it could be.
func Socket(usual string) func(strictyaml.Value) (Address, bool) {
	return func(v strictyaml.Value) (Address, bool) { return socket(v, "such as "+usual) }
}

func socket(v strictyaml.Value, such string) (Address, bool) {
	s, ok := v.Word()
	switch {
	case !ok:
	case !filepath.IsAbs(s):
		v.Problem("write an absolute path, "+such,
			"%s: %q is no absolute path", v.Name(), text.Clip(s))
	case strings.HasSuffix(s, "/"):
		v.Problem("add the socket's name", "%s: %q is a folder", v.Name(), text.Clip(s))
	case len(s) > MaxSocketPath:
		v.Problem("use a shorter path, at most 107 bytes",
			"%s: the path has %d bytes, too many for a Unix socket", v.Name(), len(s))
	default:
		return Address{"unix", filepath.Clean(s)}, true
	}
	return Address{}, false
}

// AnyAddress returns what reads a path, of which usual is one, or host:port; danger is what comes of an
// address that others than this machine reach.
func AnyAddress(usual, danger string) func(strictyaml.Value) (Address, bool) {
	return func(v strictyaml.Value) (Address, bool) {
		if PortAlone(v, "") {
			return Address{}, false
		}
		s, ok := v.Word()
		if !ok {
			return Address{}, false
		}
		host, port, err := net.SplitHostPort(s)
		if strings.HasPrefix(s, "/") || err != nil && !strings.Contains(s, ":") {
			return socket(v, "such as "+usual+", or host:port")
		}
		if _, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || strings.Contains(s, "/") {
			v.Problem("write a path, or host:port such as 127.0.0.1:9280 or [::1]:9280",
				"%s: %q is no address", v.Name(), text.Clip(s))
			return Address{}, false
		}
		if !Loopback(host) {
			v.Warn("use a path or 127.0.0.1, unless the network is your own",
				"%s: %s is not loopback: %s", v.Name(), text.Clip(s), danger)
		}
		return Address{"tcp", s}, true
	}
}

// PortAlone reports a problem if the value is a port's number and nothing else,
// also in quotes. The scheme stands before the address that is suggested.
func PortAlone(v strictyaml.Value, scheme string) bool {
	n, err := strconv.ParseUint(v.Raw(), 10, 16)
	if err != nil || n == 0 {
		return false
	}
	v.Problem("write "+scheme+"127.0.0.1:"+v.Raw(), "%s: %s is a port alone, not an address", v.Name(), v.Raw())
	return true
}

// Loopback reports whether a host, a name or an address, is this machine only.
func Loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}
