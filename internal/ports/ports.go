// Package ports answers one question: which port of the loopback interface may a server of this test have? Such servers
// are told their ports before they take them, and tests of several packages run at the same time: so a port is reserved,
// among all processes that ask here, until this one ends.
//
// It starts no goroutine and has no lock of its own. Only tests and the demo import it.
package ports

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"

	"golang.org/x/sys/unix"
)

// Ports are below those that the kernel gives to outgoing connections (32768 on Linux): a storm of clients would sit on a
// port before its server binds it.
const (
	first = 20_000
	count = 12_000
	tries = 50
)

// Free reserves a port that nobody listens on.
func Free() (int, error) {
	var errs []error
	for range tries {
		port := first + rand.IntN(count)
		err := reserve(port)
		if err == nil {
			err = listen(port)
		}
		if err == nil {
			return port, nil
		}
		errs = append(errs, err)
	}
	return 0, fmt.Errorf("finding a free port: %w", errors.Join(errs...))
}

// reserve takes a name that is given back when this process ends, and leaves no file: an abstract Unix socket (unix(7)).
func reserve(port int) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	name := "@usher-test-port-" + strconv.Itoa(port)
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: name}); err != nil {
		_ = unix.Close(fd)
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func listen(port int) error {
	l, err := net.Listen("tcp", Address(port))
	if err != nil {
		return err
	}
	return l.Close()
}

// FreeAddress reserves host:port, as Free does: also for a restart of what listens there.
func FreeAddress() (string, error) {
	port, err := Free()
	if err != nil {
		return "", err
	}
	return Address(port), nil
}

// Address is host:port on the loopback interface.
func Address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
