package listen

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func tcpSocket(t *testing.T, name, address string) PassedSocket {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return PassedSocket{name, l}
}

// unixSocket is one that systemd made: it has this mode, and no lock beside it.
func unixSocket(t *testing.T, name, path string, mode os.FileMode) PassedSocket {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	t.Cleanup(func() { _ = l.Close() })
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return PassedSocket{name, l}
}

// TestPassedSockets: a socket of systemd is used where its name and its address are those of a setting.
func TestPassedSockets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "auth.sock")
	door, web := unixSocket(t, "dovecot", path, 0o660), tcpSocket(t, "http", "127.0.0.1:0")
	open, err := Open(t.Context(), []Endpoint{unixEndpoint(path), {Name: "gateway"},
		{Name: "http", Network: "tcp", Address: web.Addr().String()}}, []PassedSocket{web, door})
	if err != nil || len(open) != 2 || open["dovecot"].Listener != door.Listener || open["http"].Listener != web.Listener {
		t.Fatalf("%v, %v", open, err)
	}
	Close(open)
	if _, err := os.Stat(path); err != nil {
		t.Errorf("systemd's socket is gone: %v", err)
	}
}

// TestPassedSocketElsewhere: one that is not the configured one stops the start, with both named. Nothing else is
// opened then.
func TestPassedSocketElsewhere(t *testing.T) {
	dir := t.TempDir()
	path, other := filepath.Join(dir, "auth.sock"), filepath.Join(dir, "other.sock")
	for name, row := range map[string]struct {
		endpoint Endpoint
		passed   func() PassedSocket
		want     []string
	}{
		"another path": {unixEndpoint(path), func() PassedSocket { return unixSocket(t, "dovecot", other, 0o660) },
			[]string{`socket "dovecot"`, "at " + other, "listen.dovecot is " + path, "ListenStream="}},
		"another name": {unixEndpoint(path), func() PassedSocket { return unixSocket(t, "usher.socket", path, 0o660) },
			[]string{`socket "usher.socket" (` + path, "FileDescriptorName=dovecot"}},
		"another port": {Endpoint{Name: "http", Network: "tcp", Address: "127.0.0.1:8280"},
			func() PassedSocket { return tcpSocket(t, "http", "127.0.0.1:0") },
			[]string{"listen.http is 127.0.0.1:8280"}},
		"another family": {unixEndpoint(path), func() PassedSocket { return tcpSocket(t, "dovecot", "127.0.0.1:0") },
			[]string{"listen.dovecot is " + path}},
		"not set": {Endpoint{Name: "gateway"}, func() PassedSocket { return tcpSocket(t, "gateway", "127.0.0.1:0") },
			[]string{`"gateway"`, "listen.gateway is not set"}},
		"unknown": {unixEndpoint(path), func() PassedSocket { return tcpSocket(t, "stranger", "127.0.0.1:0") },
			[]string{`"stranger"`, "not one of ours"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := row.passed()
			open, err := Open(t.Context(), []Endpoint{row.endpoint}, []PassedSocket{p})
			for _, want := range row.want {
				if err == nil || open != nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%v, want %q", err, want)
				}
			}
			if _, err := os.Stat(path + ".lock"); err == nil {
				t.Error("another socket was opened")
			}
			_ = os.Remove(path)
			_ = os.Remove(other)
		})
	}
	path = filepath.Join(dir, "twice.sock")
	first := unixSocket(t, "dovecot", path, 0o660)
	if _, err := Open(t.Context(), []Endpoint{unixEndpoint(path)}, []PassedSocket{first, first}); err == nil ||
		!strings.Contains(err.Error(), "twice") {
		t.Errorf("twice: %v", err)
	}
}

// TestPassedAlone: a door that nothing but systemd's socket opens is not opened without it.
func TestPassedAlone(t *testing.T) {
	e := unixEndpoint(filepath.Join(t.TempDir(), "auth.sock"))
	e.Passed = true
	if open, err := Open(t.Context(), []Endpoint{{Name: "dovecot"}, e}, nil); err != nil || len(open) != 0 {
		t.Errorf("%v, %v", open, err)
	}
	p := unixSocket(t, "dovecot", e.Address, 0o660)
	if open, err := Open(t.Context(), []Endpoint{{Name: "dovecot"}, e}, []PassedSocket{p}); err != nil ||
		open["dovecot"] == nil {
		t.Errorf("%v, %v", open, err)
	}
}

func TestSameAddress(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "run"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("run", filepath.Join(dir, "alias")); err != nil {
		t.Fatal(err)
	}
	p := unixSocket(t, "dovecot", filepath.Join(dir, "run/auth.sock"), 0o660)
	if e := unixEndpoint(filepath.Join(dir, "alias/auth.sock")); !sameAddress(t.Context(), e, p.Addr()) {
		t.Error("a folder with two names")
	}
	for _, row := range []struct {
		setting, socket string
		want            bool
	}{
		{"127.0.0.1:80", "127.0.0.1:80", true}, {"127.0.0.1:80", "127.0.0.1:81", false},
		{"127.0.0.1:0", "127.0.0.1:81", true}, {"127.0.0.1:80", "0.0.0.0:80", false},
		{"0.0.0.0:80", "[::]:80", false}, {"[::]:80", "[::]:80", true}, {":80", "[::]:80", true}, {":80", "0.0.0.0:80", true},
		{":80", "127.0.0.1:80", false}, {"localhost:80", "127.0.0.1:80", true}, {"localhost:80", "192.0.2.1:80", false},
		{"[::ffff:127.0.0.1]:80", "127.0.0.1:80", true}, {"[::1]:80", "127.0.0.1:80", false},
	} {
		a, err := net.ResolveTCPAddr("tcp", row.socket)
		if err != nil {
			t.Fatal(err)
		}
		if got := sameAddress(t.Context(), Endpoint{Network: "tcp", Address: row.setting}, a); got != row.want {
			t.Errorf("%s, socket at %s: %v", row.setting, row.socket, got)
		}
	}
}

// TestOpenToAll: systemd's default mode of a socket lets everybody connect.
func TestOpenToAll(t *testing.T) {
	dir := t.TempDir()
	for mode, open := range map[os.FileMode]bool{0o660: false, 0o600: false, 0o666: true} {
		p := unixSocket(t, "dovecot", filepath.Join(dir, mode.String()), mode)
		if err := OpenToAll(p); (err != nil) != open {
			t.Errorf("%v: %v", mode, err)
		}
	}
	if err := OpenToAll(tcpSocket(t, "http", "127.0.0.1:0")); err != nil {
		t.Error(err)
	}
}
