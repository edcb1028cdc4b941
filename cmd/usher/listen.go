package main

import (
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/coreos/go-systemd/v22/activation"
)

// endpoint is an address to listen on, with the name of its key under listen. The zero address is not listened on, unless
// systemd passes a socket of that name.
type endpoint struct {
	name    string
	address address
}

// boundListener is an open endpoint. release undoes what opening it left in the file system.
type boundListener struct {
	net.Listener
	name    string
	release func()
}

// passedSocket is a socket that systemd opened for us (sd_listen_fds(3)); name is its FileDescriptorName.
type passedSocket struct {
	name string
	net.Listener
}

// passedSockets takes over systemd's sockets and clears its variables, so that no child mistakes them for its own.
func passedSockets() ([]passedSocket, error) {
	var sockets []passedSocket
	for _, f := range activation.Files(true) {
		l, err := net.FileListener(f)
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("socket %q from systemd: %w", f.Name(), err)
		}
		sockets = append(sockets, passedSocket{name: f.Name(), Listener: l})
	}
	return sockets, nil
}

// openListeners opens every endpoint, by name; a passed socket is used where its name or address is the endpoint's. On
// an error nothing stays open.
func openListeners(endpoints []endpoint, passed []passedSocket) (map[string]*boundListener, error) {
	open := map[string]*boundListener{}
	var errs []error
	for _, e := range endpoints {
		var l *boundListener
		var err error
		if l, passed = takePassed(e, passed); l == nil && e.address.name != "" {
			l, err = listen(e)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("listen.%s: %w", e.name, err))
		} else if l != nil {
			open[e.name] = l
		}
	}
	for _, p := range passed {
		errs = append(errs, fmt.Errorf("socket %q (%s) from systemd is not one of ours; set FileDescriptorName= to dovecot, extauth, http, metrics or admin", p.name, p.Addr()))
		p.Close()
	}
	if err := errors.Join(errs...); err != nil {
		closeListeners(open)
		return nil, err
	}
	return open, nil
}

func closeListeners(open map[string]*boundListener) {
	for _, l := range open {
		l.Close()
		l.release()
	}
}

// takePassed finds the socket for e and returns the rest.
func takePassed(e endpoint, passed []passedSocket) (*boundListener, []passedSocket) {
	for i, p := range passed {
		if p.name == e.name || p.Addr().String() == e.address.name {
			rest := append(append([]passedSocket{}, passed[:i]...), passed[i+1:]...)
			return &boundListener{Listener: p.Listener, name: e.name, release: func() {}}, rest
		}
	}
	return nil, passed
}

func listen(e endpoint) (*boundListener, error) {
	if e.address.network == "unix" {
		return listenUnix(e)
	}
	l, err := net.Listen(e.address.network, e.address.name)
	if err != nil {
		return nil, err
	}
	return &boundListener{Listener: l, name: e.name, release: func() {}}, nil
}

// ownFile reports whether path is still the file that info describes.
func ownFile(path string, info os.FileInfo) bool {
	now, err := os.Lstat(path)
	return err == nil && os.SameFile(now, info)
}
