package listen

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
)

// takeSockets puts each passed socket that is an endpoint's among those that are open, and returns the rest.
func takeSockets(ctx context.Context, endpoints []Endpoint, passed []PassedSocket, open map[string]*Bound) (
	rest []PassedSocket, errs []error) {
	for _, p := range passed {
		at := slices.IndexFunc(endpoints, func(e Endpoint) bool {
			return e.Name == p.Name && sameAddress(ctx, e, p.Addr())
		})
		switch {
		case at < 0:
			rest = append(rest, p)
		case open[p.Name] != nil:
			errs = append(errs, fmt.Errorf("socket %q (%s) from systemd comes twice; only one unit may have it", p.Name,
				p.Addr()))
			_ = p.Close()
		default:
			open[p.Name] = &Bound{Listener: p.Listener, release: func() {}}
		}
	}
	return rest, errs
}

// misplaced says why a socket of systemd is none that is configured, and what to change. To go on without it would
// be to listen where nobody comes, while those who come to systemd's socket are never answered.
func misplaced(ctx context.Context, p PassedSocket, endpoints []Endpoint) error {
	for _, e := range endpoints {
		switch {
		case e.Name == p.Name && (e.Address == "" || e.Passed):
			return fmt.Errorf("socket %q (%s) is passed by systemd, but listen.%s is not set; set it to that address, "+
				"or disable the socket's unit", p.Name, p.Addr(), e.Name)
		case e.Name == p.Name:
			return fmt.Errorf("socket %q from systemd is at %s, but listen.%s is %s; make ListenStream= in the "+
				"socket's unit and the setting the same", p.Name, p.Addr(), e.Name, e.Address)
		case sameAddress(ctx, e, p.Addr()):
			return fmt.Errorf("socket %q (%s) from systemd has the address of listen.%s, but not its name; set "+
				"FileDescriptorName=%s in the socket's unit", p.Name, p.Addr(), e.Name, e.Name)
		}
	}
	return fmt.Errorf("socket %q (%s) from systemd is not one of ours; set FileDescriptorName= to "+
		"dovecot, extauth, http, gateway, console, metrics or admin", p.Name, p.Addr())
}

// sameAddress reports whether a socket listens where an endpoint is to listen.
func sameAddress(ctx context.Context, e Endpoint, a net.Addr) bool {
	switch a := a.(type) {
	case *net.UnixAddr:
		return e.Network == "unix" && samePath(e.Address, a.Name)
	case *net.TCPAddr:
		return e.Network == "tcp" && sameTCP(ctx, e.Address, a.AddrPort())
	}
	return false
}

// samePath compares also where a folder has two names, as /var/run has.
func samePath(a, b string) bool {
	if a == b {
		return true
	}
	x, err := os.Stat(a)
	y, other := os.Stat(b)
	return err == nil && other == nil && os.SameFile(x, y)
}

// sameTCP compares host:port, of which the host may be a name or nothing, with where a socket listens.
func sameTCP(ctx context.Context, address string, at netip.AddrPort) bool {
	host, port, err := net.SplitHostPort(address)
	if err != nil || port != "0" && port != strconv.Itoa(int(at.Port())) {
		return false
	}
	is := at.Addr().Unmap().WithZone("")
	if host == "" { // every address, of both families where there are two
		return is.IsUnspecified()
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().WithZone("") == is
	}
	of, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	return err == nil && slices.ContainsFunc(of, func(ip netip.Addr) bool { return ip.Unmap() == is })
}

// errEverybody is what [OpenToAll] says.
var errEverybody = errors.New("every user of this machine may connect; set SocketMode=0660 and SocketGroup= in the " +
	"socket's unit")

// OpenToAll returns an error if a Unix socket that systemd made can be connected to by every user. The peer's user
// is asked for all the same.
func OpenToAll(l net.Listener) error {
	a, ok := l.Addr().(*net.UnixAddr)
	if !ok || strings.HasPrefix(a.Name, "@") {
		return nil
	}
	info, err := os.Stat(a.Name)
	if err != nil || info.Mode().Perm()&0o002 == 0 {
		return err
	}
	return errEverybody
}
