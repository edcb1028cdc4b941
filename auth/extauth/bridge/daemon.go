package bridge

import (
	"errors"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"usher/auth/extauth"
)

const (
	askTimeout = time.Second            // for an answer of a daemon that is up
	upTimeout  = 100 * time.Millisecond // to connect and be answered, while a query waits
	idleUp     = 20 * time.Millisecond  // the same while none does
)

// probe is a question that a working daemon says no to. The host is reserved
// (RFC 2606 section 2).
const probe = "isuser:usher:invalid"

// A daemon is the other end of the socket. It is up when it has answered a
// probe: a daemon that was stopped still accepts connections.
type daemon struct {
	path    string
	framing extauth.Framing
	fd      int // -1 while it is not up
	up      time.Duration
	settled func() bool
}

func (d *daemon) close() {
	if d.fd >= 0 {
		_ = unix.Close(d.fd)
	}
	d.fd = -1
}

// ask reports whether the daemon says yes, within askTimeout or, if it is
// away, up. Everything but a yes is no.
//
// The error is errDoubt: the process was stopped meanwhile.
func (d *daemon) ask(query []byte) (bool, error) {
	if d.fd >= 0 {
		if yes, err := d.exchange(query, askTimeout); !errors.Is(err, errGone) {
			return yes, doubt(err)
		}
	}
	if up, err := d.comeUp(d.up); !up { // it may have been restarted since
		return false, doubt(err)
	}
	yes, err := d.exchange(query, askTimeout)
	return yes, doubt(err)
}

// doubt keeps of the errors the one that leaves the query without an answer.
func doubt(err error) error {
	if errors.Is(err, errDoubt) {
		return errDoubt
	}
	return nil
}

// lookAfter is called while nothing is asked. Bytes or the end of the
// connection are no good sign then.
func (d *daemon) lookAfter(event bool) error {
	if event {
		d.close()
	}
	if d.fd >= 0 {
		return nil
	}
	_, err := d.comeUp(idleUp)
	return doubt(err)
}

// comeUp connects and asks the probe.
func (d *daemon) comeUp(most time.Duration) (bool, error) {
	d.close()
	until := now() + most
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return false, err
	}
	d.fd = fd
	if unix.Connect(fd, &unix.SockaddrUnix{Name: d.path}) != nil { // at once, or not at all: EAGAIN is a full backlog
		d.close()
		return false, nil
	}
	yes, err := d.exchange([]byte(probe), until-now())
	if yes { // no daemon of ours
		d.close()
	}
	return err == nil && d.fd >= 0, err
}

var (
	errGone  = errors.New("the connection has ended")
	errNoise = errors.New("no answer of the protocol")
	errSlow  = errors.New("no answer in time")
)

// exchange asks one query and closes the connection on any error: an answer
// that comes later dies with it.
func (d *daemon) exchange(query []byte, most time.Duration) (yes bool, err error) {
	until := now() + most
	defer func() {
		if err != nil {
			yes = false
			d.close()
		}
	}()
	if err := d.send(query, until); err != nil {
		return false, err
	}
	want := len(d.framing.Answer(true))
	var answer []byte
	buf := make([]byte, want+1)
	for len(answer) < want {
		n, err := d.receive(buf, until)
		if err != nil {
			return false, err
		}
		answer = append(answer, buf[:n]...)
	}
	switch string(answer) {
	case d.framing.Answer(true):
		return true, nil
	case d.framing.Answer(false):
		return false, nil
	}
	return false, errNoise
}

func (d *daemon) send(query []byte, until time.Duration) error {
	bytes := d.framing.AppendQuery(nil, string(query))
	for len(bytes) > 0 {
		n, err := unix.SendmsgN(d.fd, bytes, nil, nil, unix.MSG_NOSIGNAL)
		switch {
		case errors.Is(err, syscall.EAGAIN):
			err = d.wait(unix.POLLOUT, until)
		case errors.Is(err, syscall.EINTR):
			err = nil
		case err != nil:
			err = errGone
		}
		if err != nil {
			return err
		}
		bytes = bytes[max(n, 0):]
	}
	return nil
}

func (d *daemon) receive(buf []byte, until time.Duration) (int, error) {
	for {
		if err := d.wait(unix.POLLIN, until); err != nil {
			return 0, err
		}
		n, err := unix.Read(d.fd, buf)
		switch {
		case n > 0:
			return n, nil
		case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EINTR):
			continue
		}
		return 0, errGone
	}
}

// wait is for the socket.
func (d *daemon) wait(events int16, until time.Duration) error {
	for {
		left := until - now()
		if left <= 0 {
			return errSlow
		}
		fds := []unix.PollFd{{Fd: int32(d.fd), Events: events}}
		if err := waitFor(fds, int(left.Milliseconds())+1, d.settled); err != nil {
			return errDoubt
		}
		if fds[0].Revents != 0 {
			return nil
		}
	}
}
