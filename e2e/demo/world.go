package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"usher/e2e/client"
	"usher/e2e/prosody"
	"usher/e2e/prosody/standin"
	"usher/internal/ports"
	"usher/internal/prosodyconf"
)

const (
	demoHost      = "meet.example.com"
	demoMUC       = "conference.meet.example.com"
	demoGuests    = "guest.meet.example.com"
	demoComponent = "usher.meet.example.com"
)

// A demoWorld is a folder with a Prosody and an usher.
type demoWorld struct {
	out     io.Writer
	dir     string
	self    string // the program that is shown
	metrics string // address of the metrics
	http    string // address of the HTTP door
	gateway string // address of the gateway
	muc     string // address of Prosody's component port
	web     string // address of Prosody's web server
	secrets map[string]string

	prosody *prosody.Server
	usher   *demoChild
	guests  []*client.Session // who stay logged in
	leftOut []string          // what was not shown, and why
}

func newDemo(out io.Writer, program string) (*demoWorld, error) {
	dir, err := os.MkdirTemp("", "usher-demo-")
	if err != nil {
		return nil, fmt.Errorf("making a folder: %w", err)
	}
	return &demoWorld{out: out, dir: dir, self: program, secrets: map[string]string{}}, nil
}

func (d *demoWorld) path(name string) string { return filepath.Join(d.dir, name) }

// start brings up usher first, as Prosody's host wants its socket.
func (d *demoWorld) start(ctx context.Context) error {
	for _, address := range []*string{&d.metrics, &d.http, &d.gateway, &d.web, &d.muc} {
		var err error
		if *address, err = ports.FreeAddress(); err != nil {
			return err
		}
	}
	for _, name := range []string{"first.secret", "second.secret", "http.secret", "component.secret"} {
		if err := d.writeSecret(name); err != nil {
			return err
		}
	}
	if err := d.configure("first.secret"); err != nil {
		return err
	}
	if err := d.startUsher(ctx); err != nil {
		return err
	}
	if err := d.startProsody(ctx); err != nil {
		return err
	}
	fmt.Fprintf(d.out, "Prosody %s and usher run in %s.\n", d.prosody.Install().Release, d.dir)
	return nil
}

// startProsody starts one that has what usher prosody prints. The two modules
// that ask about rooms are stand-ins here: Debian does not ship the real ones.
func (d *demoWorld) startProsody(ctx context.Context) (err error) {
	lines, err := d.command(ctx, "prosody", "--config", d.path("usher.yaml"))
	if err != nil {
		return fmt.Errorf("usher prosody: %w: %s", err, lines)
	}
	_, port, err := net.SplitHostPort(d.muc)
	if err != nil {
		return err
	}
	lines = "component_ports = { " + port + " }\n" + lines // as the lines say, in the global section
	if err := os.WriteFile(d.path("usher.cfg.lua"), []byte(lines), 0o600); err != nil {
		return err
	}
	if err := standin.Write(d.path("modules")); err != nil {
		return err
	}
	d.prosody, err = prosody.Start(ctx, prosody.Config{
		Dir: d.path("prosody"), Hosts: []prosody.Host{{Name: demoHost}},
		Extra: "plugin_paths = { " + prosodyconf.Quote(d.path("modules")) + " }\nInclude " +
			prosodyconf.Quote(d.path("usher.cfg.lua")) + "\n",
	})
	return err
}

func (d *demoWorld) writeSecret(name string) error {
	d.secrets[name] = rand.Text() + rand.Text()
	return os.WriteFile(d.path(name), []byte(d.secrets[name]+"\n"), 0o600)
}

// configure writes the configuration with these secret files.
func (d *demoWorld) configure(secrets ...string) error {
	text := fmt.Sprintf(`state: sqlite:%s
component: {jid: %s, address: "%s", secret_file: component.secret}
listen:
  dovecot: %s
  extauth: %s
  http: %s
  gateway: %s
  admin: %s
  metrics: %s
http_secret_file: http.secret
gateway: {upstream: "http://%s"}
hosts:
  %s:
    muc: [%s]
    guests: [%s]
    lobby: {rooms: {"board-*": on}}
    issuers:
      my-app:
        secret_files: [%s]
        algorithms: [HS256]
        audience: [jitsi]
`, d.path("usher.db"), demoComponent, d.muc, d.path("auth.sock"), d.path("extauth.sock"), d.http, d.gateway,
		d.path("admin.sock"), d.metrics, d.web, demoHost, demoMUC, demoGuests, strings.Join(secrets, ", "))
	return os.WriteFile(d.path("usher.yaml"), []byte(text), 0o600)
}

// startUsher starts the daemon as systemd would, and waits until it answers.
func (d *demoWorld) startUsher(ctx context.Context) (err error) {
	d.usher, err = startChild(d.path("usher.log"), d.self, "serve", "--config", d.path("usher.yaml"))
	if err != nil {
		d.usher = nil // nothing to stop
		return fmt.Errorf("starting usher: %w", err)
	}
	for {
		if conn, err := net.Dial("unix", d.path("auth.sock")); err == nil {
			return conn.Close()
		}
		select {
		case <-d.usher.Done():
			return errors.New("usher ended at once")
		case <-ctx.Done():
			return fmt.Errorf("waiting for usher: %w", ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// command runs another command of this program and returns what it prints.
func (d *demoWorld) command(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, d.self, args...).CombinedOutput()
	return string(out), err
}

// showLines is how many lines of what a command prints the tour shows.
const showLines = 6

// show runs a command and has the tour say what it prints, as its first lines. Its arguments are left out there.
func (d *demoWorld) show(ctx context.Context, command []string, args ...string) error {
	name := strings.Join(command, " ")
	said, err := d.command(ctx, slices.Concat(command, []string{"--config", d.path("usher.yaml")}, args)...)
	if err != nil {
		return fmt.Errorf("usher %s: %w: %s", name, err, said)
	}
	lines := strings.Split(strings.TrimSpace(said), "\n")
	if more := len(lines) - showLines; more > 0 {
		lines = append(lines[:showLines], fmt.Sprintf("… and %d more lines", more))
	}
	fmt.Fprintf(d.out, "   usher %s\n     %s\n", name, strings.Join(lines, "\n     "))
	return nil
}

// close ends what runs and removes the folder.
func (d *demoWorld) close() error {
	var errs []error
	for _, g := range d.guests {
		_ = g.Close()
	}
	if d.prosody != nil {
		errs = append(errs, d.prosody.Stop())
	}
	if d.usher != nil {
		errs = append(errs, d.usher.stop())
	}
	return errors.Join(append(errs, os.RemoveAll(d.dir))...)
}

func (d *demoWorld) usherLog() string {
	text, err := os.ReadFile(d.path("usher.log"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (d *demoWorld) prosodyLog() string {
	if d.prosody == nil {
		return "(it did not start)"
	}
	return d.prosody.Log()
}

// withLogs adds what the two servers said last.
func (d *demoWorld) withLogs(err error) error {
	return fmt.Errorf("%w\n\nusher's log ends with:\n%s\nProsody's log ends with:\n%s", err, tail(d.usherLog()),
		tail(d.prosodyLog()))
}

func (d *demoWorld) sayHowToPlay() {
	fmt.Fprintf(d.out, `
Both go on running until Ctrl-C. To play with them:
  %[1]s token mint --config %[2]s --user alice       a token: the password of alice@%[3]s
  an XMPP client without TLS: %[4]s, user alice@%[3]s
  %[1]s token explain --config %[2]s TOKEN
  %[1]s status --config %[2]s
  curl http://%[5]s/metrics
  the configuration %[2]s and the secrets beside it may be changed: usher sees it
  logs: %[6]s and %[7]s
`, d.self, d.path("usher.yaml"), demoHost, d.prosody.C2S(), d.metrics, d.path("usher.log"),
		d.path("prosody/prosody.log"))
}
