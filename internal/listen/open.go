package listen

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
)

// An Endpoint is an address to listen on, with the name of its key under listen.
type Endpoint struct {
	Name    string
	Network string // unix or tcp
	Address string // an absolute path, or host:port
	Passed  bool   // listened on only if systemd passes its socket
}

// A Bound is an open endpoint. release undoes what opening it left in the file system.
type Bound struct {
	net.Listener
	release func()
}

// Open opens every endpoint, by name; a passed socket is used where its name and its address are the endpoint's, and
// one that is no endpoint's is an error. On an error nothing stays open.
func Open(ctx context.Context, endpoints []Endpoint, passed []PassedSocket) (map[string]*Bound, error) {
	open := map[string]*Bound{}
	passed, errs := takeSockets(ctx, endpoints, passed, open)
	for _, p := range passed {
		errs = append(errs, misplaced(ctx, p, endpoints))
		_ = p.Close()
	}
	if len(errs) == 0 { // else a socket of ours would be made where systemd's should be
		errs = bindOthers(endpoints, open)
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

// bindOthers opens what systemd did not pass.
func bindOthers(endpoints []Endpoint, open map[string]*Bound) []error {
	var errs []error
	for _, e := range endpoints {
		if e.Address == "" || e.Passed || open[e.Name] != nil {
			continue
		}
		l, err := bind(e)
		if err != nil {
			errs = append(errs, fmt.Errorf("listen.%s: %w", e.Name, err))
			continue
		}
		open[e.Name] = l
	}
	return errs
}

func bind(e Endpoint) (*Bound, error) {
	if e.Network == "unix" {
		l, err := listenUnix(e)
		return l, withRight(e.Address, err)
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
