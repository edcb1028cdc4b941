package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"usher/auth/authtest"
	"usher/internal/admin"
	"usher/internal/config/configtest"
)

const secretB = "0b1c2d3e4f5061728394a5b6c7d8e9f00112233445566778899aabbccddeeff0"

// TestReloadWithoutFiles: a secret is replaced while the daemon can open no file. The reload is refused, and tried
// again until the old secret is dead, though no file changes any more.
func TestReloadWithoutFiles(t *testing.T) {
	dir, err := os.MkdirTemp("", "usher")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	configtest.PutFile(t, dir, "a.secret", authtest.Secret, 0o600)
	config := configtest.PutFile(t, dir, "usher.yaml", strings.ReplaceAll(`state: "memory:"
listen: {dovecot: DIR/a.sock, http: DIR/h.sock, metrics: DIR/m.sock, admin: DIR/c.sock}
http_insecure: true
http_hosts: [usher]
hosts: {meet.example.com: {issuers: {my-app: {secret_files: [a.secret], audience: [jitsi]}}}}
`, "DIR", dir), 0o600)
	d := startDaemon(t, config)
	// its one connection is there already when there is no room for another
	keep := unixClient(filepath.Join(dir, "c.sock"))
	if s := keep.status(t); !s.Ready || s.LastReload != nil {
		t.Fatalf("%+v", s)
	}
	old := authtest.Token(t, authtest.Claims("meet.example.com", nil))
	if !d.admits(t, old) {
		t.Fatal("the secret is not in force")
	}

	before := d.leaveNoRoom(t)
	configtest.PutFile(t, dir, "b.secret", secretB, 0o600)
	if err := os.Rename(filepath.Join(dir, "b.secret"), filepath.Join(dir, "a.secret")); err != nil {
		t.Fatal(err)
	}
	s := keep.waits(t, "a refusal that was tried again", func(s admin.Status) bool {
		return s.LastReload != nil && s.LastReload.Tries > 2
	})
	if last := s.LastReload; last.OK || last.RetryAt.IsZero() || !strings.Contains(last.Error, "too many open files") {
		t.Errorf("status %+v", last)
	}
	if err := unix.Prlimit(d.cmd.Process.Pid, unix.RLIMIT_NOFILE, &before, nil); err != nil {
		t.Fatal(err)
	}
	s = keep.waits(t, "a reload", func(s admin.Status) bool { return s.LastReload.OK })
	if d.admits(t, old) || !d.admits(t, authtest.TokenBy(t, secretB, authtest.Claims("meet.example.com", nil))) {
		t.Error("the old secret is in force")
	}
	d.stop(t)
	for _, want := range []string{"too many open files", "tries=1", `msg="reload refused again for the same reason"`, `trigger="trying again"`, "a.secret was written anew"} {
		if !strings.Contains(d.log.String(), want) {
			t.Errorf("no %q in the log:\n%s", want, d.log.String())
		}
	}
}

// A daemonProcess is usher serve.
type daemonProcess struct {
	cmd *exec.Cmd
	log bytes.Buffer
	dir string
}

func startDaemon(t *testing.T, config string) *daemonProcess {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	d := &daemonProcess{dir: filepath.Dir(config)}
	usher := filepath.Join(d.dir, "usher") // by its name the test program is usher
	if err := os.Symlink(self, usher); err != nil {
		t.Fatal(err)
	}
	d.cmd = exec.Command(usher, "serve", "--config", config)
	d.cmd.Stderr = &d.log
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.cmd.Process.Kill() })
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if body, err := getFrom("unix", filepath.Join(d.dir, "c.sock"), "/status"); err == nil && strings.Contains(body, `"ready":true`) {
			return d
		}
		if time.Now().After(end) {
			t.Fatalf("not ready within 10 s:\n%s", d.log.String())
		}
	}
}

func (d *daemonProcess) stop(t *testing.T) {
	t.Helper()
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := d.cmd.Wait(); err != nil {
		t.Errorf("%v:\n%s", err, d.log.String())
	}
}

// admits asks the HTTP door about a token.
func (d *daemonProcess) admits(t *testing.T, token string) bool {
	t.Helper()
	body, err := getFrom("unix", filepath.Join(d.dir, "h.sock"),
		"/auth/http/check_password?user=alice&server=meet.example.com&pass="+token)
	if err != nil {
		t.Fatal(err)
	}
	return strings.HasSuffix(body, "\ntrue")
}

// leaveNoRoom takes the process every descriptor that it has not open, and returns what it could have.
func (d *daemonProcess) leaveNoRoom(t *testing.T) (before unix.Rlimit) {
	t.Helper()
	if err := unix.Prlimit(d.cmd.Process.Pid, unix.RLIMIT_NOFILE, nil, &before); err != nil {
		t.Fatal(err)
	}
	limit := uint64(0)
	for still := 0; still < 5; time.Sleep(100 * time.Millisecond) { // it may be closing a connection now
		free := uint64(d.lowestFree(t))
		if still++; free == limit {
			continue
		}
		still, limit = 0, free
		if err := unix.Prlimit(d.cmd.Process.Pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: limit, Max: before.Max},
			nil); err != nil {
			t.Fatal(err)
		}
	}
	return before
}

// lowestFree returns the lowest descriptor that the process has not open: a limit of that leaves no room.
func (d *daemonProcess) lowestFree(t *testing.T) int {
	t.Helper()
	for n := 0; ; n++ {
		if _, err := os.Lstat(fmt.Sprintf("/proc/%d/fd/%s", d.cmd.Process.Pid, strconv.Itoa(n))); err != nil {
			return n
		}
	}
}

// A keptClient asks the admin socket over one connection.
type keptClient struct{ http.Client }

func unixClient(socket string) *keptClient {
	return &keptClient{http.Client{Timeout: 5 * time.Second,
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		}}}}
}

func (c *keptClient) status(t *testing.T) (s admin.Status) {
	t.Helper()
	resp, err := c.Get("http://usher/status")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body) // to its end, so that the connection is kept
	if err == nil {
		err = json.Unmarshal(body, &s)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (c *keptClient) waits(t *testing.T, what string, ok func(admin.Status) bool) admin.Status {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if s := c.status(t); ok(s) {
			return s
		}
	}
	t.Fatalf("not within 20 s: %s; %+v", what, c.status(t).LastReload)
	return admin.Status{}
}
