package listen

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func unixEndpoint(path string) Endpoint {
	return Endpoint{Name: "dovecot", Network: "unix", Address: path}
}

func TestListenUnix(t *testing.T) {
	path := filepath.Join(t.TempDir(), "auth.sock")
	l, err := bind(unixEndpoint(path))
	if err != nil {
		t.Fatal(err)
	}
	if socket, _ := os.Lstat(path); socket.Mode().Perm() != 0o660 {
		t.Errorf("socket %v", socket.Mode())
	}
	if _, err := bind(unixEndpoint(path)); !errors.Is(err, errInUse) {
		t.Errorf("a live socket was stolen: %v", err)
	}
	l.Close()
	l.release()
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestPortInUse: the address is named, and how to find who has it.
func TestPortInUse(t *testing.T) {
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	address := other.Addr().String()
	_, err = Open(t.Context(), []Endpoint{{Name: "gateway", Network: "tcp", Address: address}}, nil)
	if err == nil || !strings.Contains(err.Error(), "listen.gateway: ") || !strings.Contains(err.Error(), address) ||
		!strings.Contains(err.Error(), "ss -ltnp") {
		t.Errorf("%v", err)
	}
}

// TestFolderOfASocket: a misspelt path makes no folder.
func TestFolderOfASocket(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ushr")
	_, err := Open(t.Context(), []Endpoint{unixEndpoint(filepath.Join(dir, "auth.sock"))}, nil)
	want := "listen.dovecot: the folder " + dir + " does not exist; correct the path, or make it — install -d -o usher -g usher -m 0750 " + dir
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder was made: %v", err)
	}
	for dir, want := range map[string]bool{"/run/usher": true, "/var/run/usher": true, "/run": false, "/run/usher/sub": false, "/": false, "/srv/run/usher": false} {
		if belowRun(dir) != want {
			t.Errorf("%s is made: %v", dir, !want)
		}
	}
}

func TestListenUnixOfOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "auth.sock")
	other, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	other.SetUnlinkOnClose(false)
	if _, err := bind(unixEndpoint(path)); !errors.Is(err, errInUse) {
		t.Errorf("a live socket without a lock was stolen: %v", err)
	}
	other.Close()
	l, err := bind(unixEndpoint(path))
	if err != nil {
		t.Fatalf("a stale socket: %v", err)
	}
	os.Remove(path)
	os.WriteFile(path, []byte("mine"), 0o600)
	l.Close()
	l.release()
	if _, err := os.Stat(path); err != nil {
		t.Error("somebody else's file was removed at the stop")
	}
	if _, err := bind(unixEndpoint(path)); err == nil {
		t.Error("a file that is no socket was replaced")
	}
}
