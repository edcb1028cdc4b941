package admin

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"usher/internal/filelock"
)

// TestMain is also a program that asks a daemon as another user.
func TestMain(m *testing.M) {
	socket := os.Getenv("ADMIN_TEST_SOCKET")
	if socket == "" {
		os.Exit(m.Run())
	}
	fmt.Print(ask(context.Background(), socket))
}

func ask(ctx context.Context, socket string) error {
	var s Status
	return Call(ctx, socket, "GET", "/status", nil, &s)
}

// askAsNobody returns what a user is told who is not the daemon's.
func askAsNobody(t *testing.T, socket string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can be another user")
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), "ADMIN_TEST_SOCKET="+socket)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

// hangsUp is the socket of a daemon that talks to nobody.
func hangsUp(t *testing.T, path string) {
	t.Helper()
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
}

// TestUnreachable: who is not let in is told who is, and how to become that; and a daemon that is not there is told from
// one that stands still.
func TestUnreachable(t *testing.T) {
	dir, err := os.MkdirTemp("", "usher") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket := filepath.Join(dir, "c.sock")
	want := func(got string, texts ...string) {
		t.Helper()
		for _, text := range texts {
			if !strings.Contains(got, strings.ReplaceAll(text, "DIR", dir)) {
				t.Errorf("no %q in\n%s", text, got)
			}
		}
		if strings.Contains(got, "http://") {
			t.Errorf("an address that nobody wrote: %s", got)
		}
	}
	want(ask(t.Context(), socket).Error(), "could not be reached at DIR/c.sock: dial unix DIR/c.sock: connect: no such file",
		"start it with: systemctl start usher")
	lock, err := filelock.Take(socket + ".lock")
	if err != nil {
		t.Fatal(err)
	}
	want(ask(t.Context(), socket).Error(), fmt.Sprintf("the process %d holds DIR/c.sock.lock: it is starting or stopping", os.Getpid()))
	_ = lock.Close()
	hangsUp(t, socket)
	want(ask(t.Context(), socket).Error(), "look at its log: journalctl -u usher")
	want(askAsNobody(t, socket), "connect: permission denied\nthe user nobody may not enter DIR (root:root, 0700); only root and",
		"run the command with sudo")
	for _, path := range []string{dir, socket} {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	want(askAsNobody(t, socket), "the user nobody may not write DIR/c.sock (root:root, 0755); only root and the user that the daemon runs as")
	if err := os.Chmod(socket, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(socket, 1, 1); err != nil {
		t.Fatal(err)
	}
	want(askAsNobody(t, socket), "it hung up on the user nobody; only root and the user daemon may ask it: run the command with "+
		"sudo, or as daemon")
}
