// Package daemon runs the usher under test as a process of its own, in a folder of its own, for the end-to-end tests:
// it can be stopped, killed and started again, and keeps its folder and so its addresses.
package daemon

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"usher/auth/authtest"
	"usher/e2e/child"
	"usher/e2e/systemd"
	"usher/internal/ports"
)

// The secrets that a daemon has in files of its folder: my-app.secret holds authtest.Secret.
const (
	OldSecret  = "an-older-secret-that-is-long-enough-for-HS256-tokens" // old.secret: another that signs tokens
	HTTPSecret = "0f4c1b7d9e2a6835c4d1e7f0a9b8c6d5"                     // http.secret: what Prosody's modules show
	// component.secret: what Prosody has for the component
	ComponentSecret = "5c1a9f0e7d3b2468"
)

// A Daemon is an usher, running or not. Its methods fail the test that it was made for.
type Daemon struct {
	HTTP, Gateway string // host:port of these doors

	t     testing.TB
	dir   string
	proc  *child.Process
	held  []heldSocket // what systemd's socket units have open
	under *systemd.Manager
}

// New makes a daemon that has its secrets and no configuration, and does not run yet. It ends with the test.
func New(t testing.TB) *Daemon {
	t.Helper()
	dir, err := os.MkdirTemp("", "usher") // a test's own folder is too long a name for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	d := &Daemon{t: t, dir: dir, HTTP: FreeAddress(t), Gateway: FreeAddress(t)}
	d.Write("my-app.secret", authtest.Secret)
	d.Write("old.secret", OldSecret)
	d.Write("http.secret", HTTPSecret)
	d.Write("component.secret", ComponentSecret)
	t.Cleanup(func() {
		if d.proc != nil {
			d.Kill()
		}
	})
	return d
}

// ForLogins starts a daemon with these virtual hosts and a socket for every door at which accounts log in.
func ForLogins(t testing.TB, hosts ...string) *Daemon {
	t.Helper()
	d := New(t)
	var b strings.Builder
	fmt.Fprintf(&b, "state: memory:\nlisten:\n  dovecot: %s\n  extauth: %s\n  http: %s\n  metrics: %s\n  admin: %s\n",
		d.Path("auth.sock"), d.Path("extauth.sock"), d.HTTP, d.Path("metrics.sock"), d.Path("admin.sock"))
	b.WriteString("http_secret_file: http.secret\nhosts:\n")
	for _, host := range hosts {
		fmt.Fprintf(&b, "  %s:\n    issuers:\n      %s:\n", host, authtest.Issuer)
		fmt.Fprintf(&b, "        secret_files: [my-app.secret]\n        audience: [%s]\n", authtest.Audience)
		fmt.Fprintf(&b, "    service_accounts: [focus@%s]\n", host)
	}
	d.Write("usher.yaml", b.String())
	d.Start()
	return d
}

// FreeAddress is host:port, which is this process's until it ends: also for a restart.
func FreeAddress(t testing.TB) string {
	t.Helper()
	address, err := ports.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// Path is that of a file in the daemon's folder.
func (d *Daemon) Path(name string) string { return filepath.Join(d.dir, name) }

// Write writes a file of the daemon's folder. Its configuration is usher.yaml.
func (d *Daemon) Write(name, content string) {
	d.t.Helper()
	if err := os.WriteFile(d.Path(name), []byte(content), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

// Read reads a file of the daemon's folder.
func (d *Daemon) Read(name string) string {
	d.t.Helper()
	b, err := os.ReadFile(d.Path(name))
	if err != nil {
		d.t.Fatal(err)
	}
	return string(b)
}

// Hold keeps the Dovecot socket open while the daemon is away. Without that a Prosody that connects in between never
// connects again: its module keeps a socket on which connect failed.
func (d *Daemon) Hold() {
	d.t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: d.Path("auth.sock")})
	if err != nil {
		d.t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	d.hold("dovecot", l)
}

// HoldHTTP does that with the HTTP door's address, as usher-http.socket does.
func (d *Daemon) HoldHTTP() { d.holdTCP("http", d.HTTP) }

// HoldGateway does that with the gateway's, as usher-gateway.socket does: who comes while the daemon is away waits.
func (d *Daemon) HoldGateway() { d.holdTCP("gateway", d.Gateway) }

func (d *Daemon) holdTCP(name, address string) {
	d.t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		d.t.Fatal(err)
	}
	d.hold(name, l.(*net.TCPListener))
}

func (d *Daemon) hold(name string, l interface {
	net.Listener
	File() (*os.File, error)
}) {
	d.t.Helper()
	f, err := l.File()
	if err != nil {
		d.t.Fatal(err)
	}
	_ = l.Close()
	d.t.Cleanup(func() { _ = f.Close() })
	d.held = append(d.held, heldSocket{name, f})
}

// A heldSocket is one of systemd's, with its FileDescriptorName.
type heldSocket struct {
	name string
	file *os.File
}

// Under has the daemon run under systemd's stand-in from its next start on.
func (d *Daemon) Under(m *systemd.Manager) { d.under = m }

// startLimit bounds a start. One that makes its state syncs the disk some twenty times, as others do meanwhile.
const startLimit = time.Minute

// Start returns when the daemon says that it serves: ready, or not ready yet for a component that is not there.
func (d *Daemon) Start() {
	d.t.Helper()
	d.AwaitFor(d.t, d.Begin(), `status="serving `, startLimit)
}

// Begin starts the daemon, which may end by itself, and returns where its log begins.
func (d *Daemon) Begin() (mark int) {
	d.t.Helper()
	log, err := os.OpenFile(d.Path("log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		d.t.Fatal(err)
	}
	defer log.Close()
	mark = d.Mark()
	serve := []string{Binary(d.t), "serve", "--config", d.Path("usher.yaml")}
	cmd := exec.Command(serve[0], serve[1:]...)
	names, files, copies := d.passed()
	if len(files) > 0 { // as systemd does it; LISTEN_PID must be the program's own
		cmd = exec.Command("sh", append([]string{"-c", `LISTEN_PID=$$ exec "$@"`, "sh"}, serve...)...)
		cmd.Env = append(os.Environ(), "LISTEN_FDS="+strconv.Itoa(len(files)),
			"LISTEN_FDNAMES="+strings.Join(names, ":"))
		cmd.ExtraFiles = files
	}
	if d.under != nil {
		cmd.Env = append(cmd.Environ(), "NOTIFY_SOCKET="+d.under.Path())
		d.under.Starting()
	}
	cmd.Stderr = log
	if d.proc, err = child.Start(cmd); err != nil {
		d.t.Fatal(err)
	}
	if d.under != nil {
		d.under.Started(d.proc.PID())
	}
	for _, f := range copies {
		_ = f.Close()
	}
	return mark
}

// passed is what systemd passes to the daemon: the sockets first, then copies of what is in its store.
func (d *Daemon) passed() (names []string, files, copies []*os.File) {
	d.t.Helper()
	for _, h := range d.held {
		names, files = append(names, h.name), append(files, h.file)
	}
	if d.under == nil {
		return names, files, nil
	}
	stored, copies, err := d.under.Passed()
	if err != nil {
		d.t.Fatal(err)
	}
	return append(names, stored...), append(files, copies...), copies
}

// Ended waits for a daemon that ends by itself.
func (d *Daemon) Ended() error {
	d.t.Helper()
	select {
	case <-d.proc.Done():
	case <-time.After(20 * time.Second):
		d.t.Fatal("usher does not end")
	}
	return d.proc.Err()
}

// grace is usher.service's TimeoutStopSec. The daemon itself gives requests 9 s, and then its state some more, which a
// slow disk needs.
const grace = 20 * time.Second

// Stop ends the daemon as systemd does, and wants it to end by itself.
func (d *Daemon) Stop() {
	d.t.Helper()
	mark := d.Mark()
	if err := d.proc.Stop(grace); err != nil {
		d.t.Error(err)
	}
	if log := d.Log()[mark:]; !strings.Contains(log, "msg=stopped") {
		d.t.Errorf("usher did not stop by itself:\n%s", log)
	}
}

// Kill ends the daemon at once, stopped or not. Killing what is dead is fine.
func (d *Daemon) Kill() { d.proc.Kill() }

// Signal sends the daemon a signal.
func (d *Daemon) Signal(s syscall.Signal) {
	d.t.Helper()
	if err := d.proc.Signal(s); err != nil {
		d.t.Error(err)
	}
}

// Suspend has the daemon stand still, until it is sent SIGCONT.
func (d *Daemon) Suspend() {
	d.t.Helper()
	if err := d.proc.Suspend(); err != nil {
		d.t.Error(err)
	}
}

// PID is the process id of the daemon.
func (d *Daemon) PID() int { return d.proc.PID() }
