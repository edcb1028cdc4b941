// Package login holds what docs/doors.md says about logins by mod_auth_dovecot, against real Prosodys of both series.
package login

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/authtest"
	"usher/auth/dovecot"
	"usher/e2e/client"
	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
)

// The virtual hosts of the tests. The first two share a socket and are told apart by service_name.
const (
	meet    = "meet.example.com"
	unicode = "unicode.example.com" // lets accounts go beyond ASCII
	alone   = "alone.example.com"   // has a socket of its own and no service_name
	down    = "down.example.com"    // asks an authenticator that cannot decide
)

// undecided is a verifier whose keys were never fetched.
type undecided struct{}

func (undecided) Authenticate(context.Context, auth.Credentials) (auth.Identity, error) {
	return auth.Identity{}, auth.Refuse(auth.ReasonKeysUnavailable, "never fetched")
}

// door is usher's Dovecot server on a Unix socket. It can be closed and opened again.
type door struct {
	t      *testing.T
	path   string
	auth   dovecot.Authenticator
	anon   bool // announces ANONYMOUS, for tickets
	cancel context.CancelFunc
	done   chan error
}

func openDoor(t *testing.T, a dovecot.Authenticator) *door {
	d := &door{t: t, path: filepath.Join(t.TempDir(), "auth.sock"), auth: a}
	d.open()
	t.Cleanup(d.close)
	return d
}

func (d *door) open() {
	d.t.Helper()
	listener, err := net.Listen("unix", d.path)
	if err != nil {
		d.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background()) // a test's own context ends before its Prosody does
	d.cancel, d.done = cancel, make(chan error, 1)
	server := &dovecot.Server{Auth: d.auth, Anonymous: d.anon, Log: slog.New(slog.DiscardHandler)}
	go func(done chan<- error) { done <- server.Serve(ctx, listener) }(d.done)
}

func (d *door) close() {
	d.t.Helper()
	d.cancel()
	select {
	case err := <-d.done:
		d.done <- nil // closing twice is fine
		if err != nil {
			d.t.Errorf("serving: %v", err)
		}
	case <-time.After(10 * time.Second):
		d.t.Error("the door does not close")
	}
}

// config has the rules of both hosts on the shared socket.
func config(secrets ...string) auth.Config {
	c := authtest.ConfigWith(meet, secrets...)
	u := authtest.ConfigWith(unicode, secrets...).Hosts[unicode]
	u.UnicodeAccounts = true
	u.ServiceAccounts = []string{"focus@" + meet, "фокус@" + unicode} // of either host
	c.Hosts[unicode] = u
	return c
}

func newVerifier(t *testing.T, c auth.Config) *auth.Verifier {
	t.Helper()
	v, err := auth.New(c, auth.Options{Sessions: authtest.NewSessions(nil)})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// world is a Prosody with its doors.
type world struct {
	prosody  *prosody.Server
	verifier *auth.Verifier // of meet and unicode
	shared   *door          // of meet and unicode
}

func newWorld(t *testing.T, v prosody.Version) *world {
	verifier := newVerifier(t, config(authtest.Secret))
	w := &world{verifier: verifier, shared: openDoor(t, verifier)}
	own := openDoor(t, newVerifier(t, authtest.Config(alone)))
	dead := openDoor(t, undecided{})
	w.prosody = prosodytest.Start(t, prosody.Config{Version: v, Hosts: []prosody.Host{
		{Name: meet, Lines: hostLines(w.shared, meet)},
		{Name: unicode, Lines: hostLines(w.shared, unicode)},
		{Name: alone, Lines: hostLines(own, "")},
		{Name: down, Lines: hostLines(dead, down)},
	}})
	return w
}

// hostLines is what an operator writes. Debian's prosody-modules are found without plugin_paths.
func hostLines(d *door, service string) string {
	lines := fmt.Sprintf("authentication = \"dovecot\"\ndovecot_auth_socket = %q\n", d.path)
	if service != "" {
		lines += fmt.Sprintf("service_name = %q\n", service)
	}
	return lines
}

func (w *world) dial(t *testing.T, host string, l client.Login) (*client.Session, error) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	return client.Dial(ctx, l.At(w.prosody.C2S(), host))
}

// login wants success and returns the bare JID.
func (w *world) login(t *testing.T, host string, l client.Login) string {
	t.Helper()
	s, err := w.dial(t, host, l)
	if err != nil {
		t.Fatalf("login at %s: %v", host, err)
	}
	defer s.Close()
	bare, _, _ := strings.Cut(s.JID(), "/")
	return bare
}

// refuse wants a refusal and returns it.
func (w *world) refuse(t *testing.T, host string, l client.Login) *client.Refused {
	t.Helper()
	s, err := w.dial(t, host, l)
	if err == nil {
		s.Close()
		t.Fatalf("let in as %s", s.JID())
	}
	refused, ok := errors.AsType[*client.Refused](err)
	if !ok {
		t.Fatalf("not an answer: %v", err)
	}
	return refused
}

// refuseFor wants a denial for this reason, said to the client in its words.
func (w *world) refuseFor(t *testing.T, host string, l client.Login, reason auth.Reason) {
	t.Helper()
	if r := w.refuse(t, host, l); r.Condition != "not-authorized" || r.Text != reason.ClientText() {
		t.Errorf("refused with %s %q, want not-authorized %q", r.Condition, r.Text, reason.ClientText())
	}
}
