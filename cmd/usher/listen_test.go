package main

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func unixEndpoint(path string) endpoint { return endpoint{"dovecot", address{"unix", path}} }

func TestListenUnix(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run", "auth.sock")
	l, err := listen(unixEndpoint(path))
	if err != nil {
		t.Fatal(err)
	}
	socket, _ := os.Lstat(path)
	folder, _ := os.Stat(filepath.Dir(path))
	if socket.Mode().Perm() != 0o660 || folder.Mode().Perm() != 0o750 {
		t.Errorf("socket %v, folder %v", socket.Mode(), folder.Mode())
	}
	if _, err := listen(unixEndpoint(path)); !errors.Is(err, errInUse) {
		t.Errorf("a live socket was stolen: %v", err)
	}
	l.Close()
	l.release()
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestListenUnixOfOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "auth.sock")
	other, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	other.SetUnlinkOnClose(false)
	if _, err := listen(unixEndpoint(path)); !errors.Is(err, errInUse) {
		t.Errorf("a live socket without a lock was stolen: %v", err)
	}
	other.Close()
	l, err := listen(unixEndpoint(path))
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
	if _, err := listen(unixEndpoint(path)); err == nil {
		t.Error("a file that is no socket was replaced")
	}
}

func TestPassedSockets(t *testing.T) {
	socket := func() net.Listener {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return l
	}
	byName, byAddress := socket(), socket()
	open, err := openListeners([]endpoint{
		{"metrics", address{"tcp", "127.0.0.1:1"}},
		{"dovecot", address{"tcp", byAddress.Addr().String()}},
	}, []passedSocket{{"metrics", byName}, {"usher.socket", byAddress}})
	if err != nil || open["metrics"].Listener != byName || open["dovecot"].Listener != byAddress {
		t.Errorf("%v, %v", open, err)
	}
	if _, err := openListeners(nil, []passedSocket{{"stranger", socket()}}); err == nil {
		t.Error("an unknown socket was accepted")
	}
}

func TestRestrictPeers(t *testing.T) {
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := restrictPeers(l, nil, slog.New(slog.DiscardHandler)).(*peerListener)
	served := func() bool {
		go func() {
			if conn, err := p.Accept(); err == nil {
				conn.Write([]byte("x"))
				conn.Close()
			}
		}()
		conn, err := net.Dial("unix", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(5 * time.Second))
		b, _ := io.ReadAll(conn)
		return len(b) == 1
	}
	if !served() {
		t.Error("our own user was not let in")
	}
	p.allowed = map[uint32]bool{}
	if served() {
		t.Error("a user who is not allowed was let in")
	}
}
