package listen

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	// firstPassed is the first descriptor that systemd passes (SD_LISTEN_FDS_START).
	firstPassed = 3
	// mostPassed bounds what systemd may pass: far more than the units of usher name and store.
	mostPassed = 1024
)

// Passed is what systemd passed to this process (sd_listen_fds(3)).
type Passed struct {
	Sockets     []PassedSocket
	Connections []PassedConnection
}

// A PassedSocket is one that systemd opened for us; Name is its FileDescriptorName.
type PassedSocket struct {
	Name string
	net.Listener
}

// A PassedConnection was put into systemd's store by the process before, under this name.
type PassedConnection struct {
	Name string
	net.Conn
}

// TakePassed takes over what systemd passed and clears its variables, so that no child mistakes it for its own.
// Connections are not read yet, and to close them would not end them while systemd's store has a copy.
func TakePassed() (Passed, error) {
	names, err := passedNames(os.Getpid(), os.Getenv)
	for _, name := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
		_ = os.Unsetenv(name)
	}
	if err != nil {
		return Passed{}, err
	}
	var p Passed
	for i := range names {
		unix.CloseOnExec(firstPassed + i)
	}
	var errs []error
	for i, name := range names {
		errs = append(errs, p.take(firstPassed+i, name))
	}
	return p, errors.Join(errs...)
}

// passedNames returns the names of the descriptors that were passed to the process with this number, from
// [firstPassed] on; none if there are none for it.
func passedNames(pid int, env func(string) string) ([]string, error) {
	if env("LISTEN_PID") != strconv.Itoa(pid) {
		return nil, nil
	}
	n, err := strconv.Atoi(env("LISTEN_FDS"))
	if err != nil || n < 0 || n > mostPassed {
		return nil, fmt.Errorf("LISTEN_FDS is %.20q, which is no number of sockets that systemd passes",
			env("LISTEN_FDS"))
	}
	if n == 0 {
		return nil, nil
	}
	names := strings.Split(env("LISTEN_FDNAMES"), ":")
	if len(names) != n {
		return nil, fmt.Errorf("LISTEN_FDNAMES has %d names for %d sockets", len(names), n)
	}
	return names, nil
}

// take sorts a descriptor in, and closes it: net works with a copy.
func (p *Passed) take(fd int, name string) error {
	f := os.NewFile(uintptr(fd), name)
	defer func() { _ = f.Close() }()
	if kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE); err != nil || kind != unix.SOCK_STREAM {
		return fmt.Errorf("%q from systemd is no stream socket; look at usher's socket units", name)
	}
	listens, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	if err != nil {
		return fmt.Errorf("socket %q from systemd: %w", name, err)
	}
	if listens == 0 {
		return p.takeConnection(f)
	}
	l, err := net.FileListener(f)
	if err != nil {
		return fmt.Errorf("socket %q from systemd: %w", name, err)
	}
	p.Sockets = append(p.Sockets, PassedSocket{Name: name, Listener: l})
	return nil
}

func (p *Passed) takeConnection(f *os.File) error {
	nc, err := net.FileConn(f)
	if err != nil {
		return fmt.Errorf("connection %q from systemd: %w", f.Name(), err)
	}
	p.Connections = append(p.Connections, PassedConnection{Name: f.Name(), Conn: nc})
	return nil
}

// A takenOver is a connection that another process had before. Closing it shuts it down: should a copy be open
// elsewhere, the other side would wait for an answer without end.
type takenOver struct {
	net.Conn
	proven bool // a request on it was let in
}

// End closes a connection that another process had before, also where a copy of it is open elsewhere.
func (c PassedConnection) End() { _ = takenOver{Conn: c.Conn}.Close() }

// Close shuts the connection down and closes it.
func (c takenOver) Close() error {
	if half, ok := c.Conn.(interface {
		CloseRead() error
		CloseWrite() error
	}); ok {
		_, _ = half.CloseRead(), half.CloseWrite() // fail if the other side has gone
	}
	return c.Conn.Close()
}
