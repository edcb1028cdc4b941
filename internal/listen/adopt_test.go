package listen

import (
	"net"
	"path/filepath"
	"testing"
	"time"

	"usher/metrics"
)

// adoptable is a connection of a client to a socket, as the process before has left it.
func adoptable(t *testing.T, path string) (PassedConnection, net.Conn) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	client, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	nc, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	return PassedConnection{"dovecot-conn", nc}, client
}

func ended(t *testing.T, nc net.Conn) bool {
	t.Helper()
	_ = nc.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	_, err := nc.Read(make([]byte, 1))
	timeout, ok := err.(net.Error)
	return err != nil && (!ok || !timeout.Timeout())
}

// TestAdopt: a connection that another process had comes first, is counted, has its peer asked for again, and can be
// taken away from the listener once more.
func TestAdopt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	before, client := adoptable(t, path)
	inner, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	m := metrics.New("test")
	l := Limit(inner, Options{Name: "dovecot", Limits: Limits{Most: 4}, Metrics: m.Endpoint("dovecot")})
	defer func() { _ = l.Close() }()
	if !l.Accepted(before) {
		t.Error("it is said to be another socket's")
	}
	l.Adopt(before, false)
	nc, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	c := Of(nc)
	if !c.Inherited() || l.Counts().Open != 1 {
		t.Errorf("inherited %v, %+v", c.Inherited(), l.Counts())
	}
	c.Admit()
	c.Release(true)
	detached, proven := c.Detach()
	if detached != before.Conn || !proven || l.Counts().Open != 0 {
		t.Errorf("detached %v, proven %v, %+v", detached, proven, l.Counts())
	}
	if again, _ := c.Detach(); again != nil {
		t.Error("detached twice")
	}
	if ended(t, client) {
		t.Error("the client sees an end")
	}
	fresh, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = fresh.Close() }()
	if nc, err = l.Accept(); err != nil || Of(nc).Inherited() {
		t.Errorf("a new one: %v, %v", nc, err)
	}
	_ = nc.Close()
	if (*Conn)(nil).Inherited() {
		t.Error("nil")
	}
}

// TestAdoptedProven: one on which a request was let in by the process before is closed last, though it was used longest
// ago, and says so to the next process.
func TestAdoptedProven(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	good, _ := adoptable(t, path)
	idle, client := adoptable(t, path)
	inner, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l := Limit(inner, Options{Name: "dovecot", Limits: Limits{Most: 2, Waiting: 2}})
	defer func() { _ = l.Close() }()
	l.Adopt(good, true)
	l.Adopt(idle, false)
	var accepted []net.Conn
	for range 3 {
		if len(accepted) == 2 {
			fresh, err := net.Dial("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = fresh.Close() }()
		}
		nc, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = nc.Close() }()
		accepted = append(accepted, nc)
	}
	if !ended(t, client) {
		t.Error("the one that was not proven is open")
	}
	if nc, proven := Of(accepted[0]).Detach(); nc != good.Conn || !proven {
		t.Errorf("the proven one is %v, proven %v", nc, proven)
	}
	if _, proven := Of(accepted[2]).Detach(); proven {
		t.Error("a new one is proven")
	}
}

// TestAdoptedPeerIsAskedFor: who may not connect any more has no connection of before, also if a copy is open.
func TestAdoptedPeerIsAskedFor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	before, client := adoptable(t, path)
	inner, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	copied, err := before.Conn.(*net.UnixConn).File()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = copied.Close() }()
	l := Limit(inner, Options{Name: "dovecot", Limits: Limits{Most: 4}})
	l.users = map[uint32]bool{}
	l.Adopt(before, false)
	_ = l.Close()
	if nc, err := l.Accept(); err == nil {
		t.Errorf("accepted %v", nc.RemoteAddr())
	}
	if !ended(t, client) {
		t.Error("the client waits on")
	}
}

// TestAdoptedAfterClose: what was adopted is still returned, for whom it may concern, when the listener is closed.
func TestAdoptedAfterClose(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	before, _ := adoptable(t, path)
	inner, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l := Limit(inner, Options{Name: "dovecot", Limits: Limits{Most: 4}})
	l.Adopt(before, false)
	_ = l.Close()
	nc, err := l.Accept()
	if err != nil || !Of(nc).Inherited() {
		t.Fatalf("%v, %v", nc, err)
	}
	_ = nc.Close()
	if _, err := l.Accept(); err == nil {
		t.Error("accepted after the end")
	}
}

// TestAccepted: a connection of another socket is none of the listener's.
func TestAccepted(t *testing.T) {
	dir := t.TempDir()
	before, _ := adoptable(t, filepath.Join(dir, "a"))
	tcp := func(address string) (*net.TCPListener, net.Conn) {
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		client, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.Close() })
		nc, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = nc.Close() })
		return l.(*net.TCPListener), nc
	}
	loop, ofLoop := tcp("127.0.0.1:0")
	all, ofAll := tcp("0.0.0.0:0")
	other, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "b"), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	for _, row := range []struct {
		l    net.Listener
		c    net.Conn
		want bool
	}{{loop, ofLoop, true}, {all, ofAll, true}, {all, ofLoop, false}, {loop, ofAll, false}, {other, before, false},
		{loop, before, false}, {other, ofLoop, false}} {
		if got := Limit(row.l, Options{}).Accepted(row.c); got != row.want {
			t.Errorf("%v of %v: %v", row.c.LocalAddr(), row.l.Addr(), got)
		}
	}
}
