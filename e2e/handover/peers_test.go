package handover

import (
	"net"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"usher/e2e/daemon"
)

const nobody = 65534

// TestPeersChanged: whoever may not connect any more has no connection of before either.
func TestPeersChanged(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can connect as another user")
	}
	d, m := prepared(t)
	d.Write("usher.yaml", configuration(d, "peers: [65534]\n"))
	d.Hold()
	for path, mode := range map[string]os.FileMode{".": 0o711, "auth.sock": 0o666} {
		if err := os.Chmod(d.Path(path), mode); err != nil {
			t.Fatal(err)
		}
	}
	d.Start()
	if !strings.Contains(d.Log(), "every user of this machine may connect") {
		t.Error("nothing is said of the socket's mode")
	}
	p, root := asNobody(t, d), connect(t, d)
	p.login("alice")
	root.login("alice")
	d.Stop()
	if kept := m.Kept(); len(kept) != 2 {
		t.Errorf("systemd has %q", kept)
	}
	d.Write("usher.yaml", configuration(d, "peers: []\n"))
	d.Start()
	p.ended()
	root.login("bob")
}

// asNobody is connect as another user: the kernel keeps who connected.
func asNobody(t *testing.T, d *daemon.Daemon) *peer {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	become := func(uid uintptr) {
		t.Helper()
		same := ^uintptr(0)
		if _, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, same, uid, same); errno != 0 { // this thread alone
			t.Fatal(errno)
		}
	}
	become(nobody)
	defer become(0)
	return connect(t, d)
}

// TestAnotherSocket: a connection of a socket that is not the configured one is closed, also without socket units.
func TestAnotherSocket(t *testing.T) {
	d, m := prepared(t)
	d.Start()
	p := connect(t, d)
	p.login("alice")
	d.Stop()
	d.Start() // the socket is made anew, and the connection stays
	p.login("bob")
	d.Stop()
	if kept := m.Kept(); len(kept) != 1 {
		t.Errorf("systemd has %q", kept)
	}
	d.Write("usher.yaml", strings.Replace(configuration(d, ""), "auth.sock", "other.sock", 1))
	d.Start()
	p.ended()
	nc, err := net.Dial("unix", d.Path("other.sock"))
	if err != nil {
		t.Fatal(err)
	}
	_ = nc.Close()
}

// TestSocketElsewhere: a start with a socket that is not the configured one says both, and opens nothing.
func TestSocketElsewhere(t *testing.T) {
	d, _ := prepared(t)
	d.Hold()
	d.Write("usher.yaml", strings.Replace(configuration(d, ""), "auth.sock", "other.sock", 1))
	d.Begin()
	if d.Ended() == nil {
		t.Error("it starts")
	}
	for _, want := range []string{d.Path("auth.sock"), d.Path("other.sock"), "listen.dovecot", "ListenStream="} {
		if !strings.Contains(d.Log(), want) {
			t.Errorf("nothing is said of %s:\n%s", want, d.Log())
		}
	}
}

// TestTCP: a door at host:port hands its connections over as well. systemd does not see that one of them was closed
// by its client.
func TestTCP(t *testing.T) {
	d, m := prepared(t)
	address := d.Gateway // a free one
	d.Write("usher.yaml", strings.Replace(configuration(d, ""), d.Path("auth.sock"), address, 1))
	d.Start()
	p, gone := connectTo(t, "tcp", address), connectTo(t, "tcp", address)
	p.login("alice")
	gone.login("alice")
	d.Stop()
	_ = gone.nc.Close()
	request, answer := p.asks("bob")
	p.send("%s", request)
	d.Start()
	p.expect(answer)
	if kept := m.Kept(); len(kept) != 0 {
		t.Errorf("systemd has %q", kept)
	}
	connectTo(t, "tcp", address).login("carol")
	d.Kill()
	p.ended()
}
