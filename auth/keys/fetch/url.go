package fetch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"

	"usher/internal/text"
)

const urlExample = "write it like https://id.example.org/keys"

// ParseURL reads a URL that keys may be fetched from: https, or http to an
// address of this machine, or with insecureHTTP to any. Where a host's name leads
// is checked when it is dialled. The error names what is wrong, then "; " and how
// to mend it; it quotes nothing but the scheme and an address.
func ParseURL(s string, insecureHTTP bool) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil {
		return nil, errors.New("not a URL; " + urlExample) // err quotes the URL
	}
	switch port, err := strconv.ParseUint(portOf(u), 10, 16); {
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("the scheme is %q; use https, or http for an address of this machine",
			text.Name(u.Scheme))
	case u.Hostname() == "":
		return nil, errors.New("no host; " + urlExample)
	case err != nil || port == 0:
		return nil, errors.New("the port is no number from 1 to 65535; " + urlExample)
	case u.User != nil:
		return nil, errors.New("the URL holds a user name; key sets are public, leave it out")
	case strings.Contains(s, "#"):
		return nil, errors.New("a fragment; leave out the # and what follows it")
	}
	addr, err := netip.ParseAddr(u.Hostname())
	if !insecureHTTP && u.Scheme == "http" && !strings.EqualFold(u.Hostname(), "localhost") &&
		!addr.Unmap().IsLoopback() {
		return nil, errors.New("http to another machine, where anybody on the way can change the keys; " +
			"use https, or set insecure_http: true")
	}
	if err == nil {
		return u, checkAddress(u.Scheme, addr, insecureHTTP)
	}
	return u, nil
}

// Shown is a URL as it is shown and logged, wherever it is from: its origin and its
// path. This is the one rule for URLs of key servers. User info, query and fragment
// may be secrets and are never shown; a path is none: without it an operator could not tell
// which of a server's key sets is meant.
func Shown(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String()
}

// portOf returns the port that a URL leads to.
func portOf(u *url.URL) string {
	switch port := u.Port(); {
	case port != "":
		return port
	case u.Scheme == "http":
		return "80"
	}
	return "443"
}

// sameOrigin compares scheme, host and port (RFC 6454 section 5).
func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && portOf(a) == portOf(b)
}

// checkAddress keeps plain http on this machine, unless the operator allows it,
// and everything away from the addresses where no key server is but a cloud's
// metadata service may be. Private networks are good: the operator names the
// server.
func checkAddress(scheme string, addr netip.Addr, insecureHTTP bool) error {
	addr = addr.Unmap()
	if scheme != "https" && !addr.IsLoopback() && !insecureHTTP {
		return fmt.Errorf("http to %s, which is not this machine; use https, or set insecure_http: true", addr)
	}
	if addr.IsLinkLocalUnicast() || addr.IsMulticast() || addr.IsUnspecified() {
		return fmt.Errorf("%s is a link-local, multicast or unspecified address; name the key server's own", addr)
	}
	return nil
}

// newDialer checks the address that a host's name was resolved to, so
// that no DNS answer can lead elsewhere between a check and its use.
func newDialer(scheme string, insecureHTTP bool) *net.Dialer {
	return &net.Dialer{
		Timeout: Timeout,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil {
				return err
			}
			return checkAddress(scheme, to.Addr(), insecureHTTP)
		},
	}
}
