package systemd

import (
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A manager is the other end of the notify socket.
type manager struct {
	t      *testing.T
	socket *net.UnixConn
}

func listening(t *testing.T) *manager {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	return &manager{t, socket}
}

// next wants a message with so many descriptors.
func (m *manager) next(want string, files int) []int {
	m.t.Helper()
	text, control := make([]byte, 4096), make([]byte, 4096)
	_ = m.socket.SetReadDeadline(time.Now().Add(5 * time.Second))
	n, c, _, _, err := m.socket.ReadMsgUnix(text, control)
	if err != nil {
		m.t.Fatal(err)
	}
	var fds []int
	messages, err := unix.ParseSocketControlMessage(control[:c])
	if err != nil {
		m.t.Fatal(err)
	}
	for _, message := range messages {
		rights, err := unix.ParseUnixRights(&message)
		if err != nil {
			m.t.Fatal(err)
		}
		fds = append(fds, rights...)
	}
	if string(text[:n]) != want || len(fds) != files {
		m.t.Errorf("%q with %d descriptors, want %q with %d", text[:n], len(fds), want, files)
	}
	return fds
}

// pairs are connections under the names a and b by turns, and the other sides of them.
func pairs(t *testing.T, n int) (conns []Kept, others []net.Conn) {
	t.Helper()
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	for i := range n {
		other, err := net.Dial("unix", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		nc, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _, _ = nc.Close(), other.Close() })
		conns, others = append(conns, Kept{string(rune('a' + i%2)), nc.(syscall.Conn)}), append(others, other)
	}
	return conns, others
}

// TestKeep: each connection goes in a message of its own, as it is, and the end is waited for.
func TestKeep(t *testing.T) {
	m := listening(t)
	conns, others := pairs(t, 2)
	kept := make(chan error, 1)
	go func() { kept <- (Notifier{slog.Default()}).Keep(conns) }()
	var fds []int
	for _, name := range []string{"a", "b"} {
		fds = append(fds, m.next("FDSTORE=1\nFDNAME="+name, 1)...)
	}
	barrier := m.next("BARRIER=1", 1)
	select {
	case err := <-kept:
		t.Errorf("the end was not waited for: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	_ = unix.Close(barrier[0])
	if err := <-kept; err != nil {
		t.Error(err)
	}
	for i, fd := range fds {
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0); err != nil || flags&unix.O_NONBLOCK == 0 {
			t.Errorf("the connection was made to block: %x, %v", flags, err)
		}
		if _, err := unix.Write(fd, []byte("x")); err != nil {
			t.Error(err)
		}
		b := make([]byte, 1)
		if n, err := others[i].Read(b); n != 1 || b[0] != 'x' {
			t.Errorf("%d bytes, %v", n, err)
		}
		_ = unix.Close(fd)
	}
}

func TestDiscard(t *testing.T) {
	m := listening(t)
	done := make(chan error, 1)
	go func() { done <- (Notifier{slog.Default()}).Discard("dovecot-conn") }()
	m.next("FDSTOREREMOVE=1\nFDNAME=dovecot-conn", 0)
	for _, fd := range m.next("BARRIER=1", 1) {
		_ = unix.Close(fd)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestStoreWithoutSystemd: there is an error, soon, where nobody listens or answers.
func TestStoreWithoutSystemd(t *testing.T) {
	n := Notifier{slog.Default()}
	t.Setenv("NOTIFY_SOCKET", "")
	if err := n.Discard("a"); !errors.Is(err, ErrAbsent) || n.Told() {
		t.Errorf("%v", err)
	}
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "nobody"))
	if err := n.Keep(nil); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("%v", err)
	}
	m := listening(t)
	start := time.Now()
	if err := n.Discard("a"); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if took := time.Since(start); took < storeWithin || took > 2*storeWithin {
		t.Errorf("after %v", took)
	}
	conns, _ := pairs(t, 1)
	many := slices.Repeat(conns, 2000) // more than a socket holds that nobody reads
	if err := n.Keep(many); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v", err)
	}
	_ = m.socket.Close()
}
