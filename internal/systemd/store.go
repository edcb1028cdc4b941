package systemd

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// storeWithin bounds how long systemd may take to do what it was told about its store.
const storeWithin = 2 * time.Second

// ErrAbsent means that nobody is told how the daemon is: there is no NOTIFY_SOCKET, as without systemd.
var ErrAbsent = errors.New("there is no NOTIFY_SOCKET")

// A Kept is a connection for systemd's store, and its name there. Several may have one name.
type Kept struct {
	Name string
	Conn syscall.Conn
}

// Keep puts connections into systemd's store (FDSTORE=1 of sd_notify(3)), and returns when systemd has taken them:
// after this process has ended it could not know whose they are. The next process of the unit gets them with its
// sockets, in any order. systemd does not say whether it had room (FileDescriptorStoreMax=): it closes the last ones,
// for which it has none.
func (n Notifier) Keep(conns []Kept) error {
	return tell(func(to *net.UnixConn) error {
		for _, c := range conns {
			if err := sendFile(to, "FDSTORE=1\nFDNAME="+c.Name, c.Conn); err != nil {
				return fmt.Errorf("handing a connection to systemd: %w", err)
			}
		}
		return nil
	})
}

// Discard has systemd close all that its store has under a name, and returns when it has.
func (n Notifier) Discard(name string) error {
	return tell(func(to *net.UnixConn) error {
		_, err := to.Write([]byte("FDSTOREREMOVE=1\nFDNAME=" + name))
		return err
	})
}

// tell sends messages, and waits until systemd has read them.
func tell(messages func(to *net.UnixConn) error) error {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return ErrAbsent
	}
	to, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer func() { _ = to.Close() }()
	by := time.Now().Add(storeWithin)
	if err := to.SetDeadline(by); err != nil { // systemd may be slow to read
		return err
	}
	if err := messages(to); err != nil {
		return err
	}
	return barrier(to, by)
}

// barrier sends one end of a pipe, which systemd closes when it has read all that came before.
func barrier(to *net.UnixConn, by time.Time) error {
	ours, theirs, err := os.Pipe()
	if err != nil {
		return err
	}
	defer func() { _ = ours.Close() }()
	err = sendFile(to, "BARRIER=1", theirs)
	_ = theirs.Close()
	if err != nil {
		return err
	}
	if err := ours.SetReadDeadline(by); err != nil {
		return err
	}
	if _, err := ours.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		return fmt.Errorf("waiting for systemd: %w", err)
	}
	return nil
}

// sendFile sends a message with a descriptor, which stays open and as it is: a copy would share its flags.
func sendFile(to *net.UnixConn, message string, file syscall.Conn) error {
	from, err := file.SyscallConn()
	if err != nil {
		return err
	}
	out, err := to.SyscallConn() // net sends no descriptors on a socket that is connected
	if err != nil {
		return err
	}
	var sent, wrote error
	held := from.Control(func(fd uintptr) {
		rights := unix.UnixRights(int(fd))
		wrote = out.Write(func(socket uintptr) bool {
			sent = unix.Sendmsg(int(socket), []byte(message), rights, nil, unix.MSG_NOSIGNAL)
			return sent != unix.EAGAIN && sent != unix.EINTR
		})
	})
	return errors.Join(held, wrote, sent)
}
