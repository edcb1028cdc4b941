package listen

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"github.com/coreos/go-systemd/v22/activation"
)

// An Endpoint is an address to listen on, with the name of its key under listen. Without an address
// it is not listened on, unless systemd passes a socket of that name.
type Endpoint struct {
	Name    string
	Network string // unix or tcp
	Address string // an absolute path, or host:port
}

// A Bound is an open endpoint. release undoes what opening it left in the file system.
type Bound struct {
	net.Listener
	release func()
}

// A PassedSocket is one that systemd opened for us (sd_listen_fds(3)); Name is its FileDescriptorName.
type PassedSocket struct {
	Name string
	net.Listener
}

// Passed takes over systemd's sockets and clears its variables, so that no child mistakes them for its own.
func Passed() ([]PassedSocket, error) {
	var sockets []PassedSocket
	for _, f := range activation.Files(true) {
		l, err := net.FileListener(f)
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("socket %q from systemd: %w", f.Name(), err)
		}
		sockets = append(sockets, PassedSocket{Name: f.Name(), Listener: l})
	}
	return sockets, nil
}

// Open opens every endpoint, by name; a passed socket is used where its name or address is the endpoint's. On an error
// nothing stays open.
func Open(endpoints []Endpoint, passed []PassedSocket) (map[string]*Bound, error) {
	open := map[string]*Bound{}
	var errs []error
	for _, e := range endpoints {
		var l *Bound
		var err error
		if l, passed = takePassed(e, passed); l == nil && e.Address != "" {
			l, err = bind(e)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("listen.%s: %w", e.Name, err))
		} else if l != nil {
			open[e.Name] = l
		}
	}
	for _, p := range passed {
		errs = append(errs, fmt.Errorf("socket %q (%s) from systemd is not one of ours; set FileDescriptorName= to "+
			"dovecot, extauth, http, gateway, metrics or admin", p.Name, p.Addr()))
		p.Close()
	}
	if err := errors.Join(errs...); err != nil {
		Close(open)
		return nil, err
	}
	return open, nil
}

// Close closes endpoints and removes their sockets.
func Close(open map[string]*Bound) {
	for _, l := range open {
		l.Close()
		l.release()
	}
}

// takePassed finds the socket for e and returns the rest.
func takePassed(e Endpoint, passed []PassedSocket) (*Bound, []PassedSocket) {
	for i, p := range passed {
		if p.Name == e.Name || p.Addr().String() == e.Address {
			rest := append(append([]PassedSocket{}, passed[:i]...), passed[i+1:]...)
			return &Bound{Listener: p.Listener, release: func() {}}, rest
		}
	}
	return nil, passed
}

func bind(e Endpoint) (*Bound, error) {
	if e.Network == "unix" {
		return listenUnix(e)
	}
	l, err := net.Listen(e.Network, e.Address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%w; another program has it, or another usher: ss -ltnp shows which", err)
	}
	if err != nil {
		return nil, err
	}
	return &Bound{Listener: l, release: func() {}}, nil
}

// ownFile reports whether path is still the file that info describes.
func ownFile(path string, info os.FileInfo) bool {
	now, err := os.Lstat(path)
	return err == nil && os.SameFile(now, info)
}
