package daemon

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/authtest"
	"usher/internal/config"
	"usher/internal/config/configtest"
	"usher/lobby"
)

const (
	reloadHost = "meet.example.com"
	reloadRoom = "standup@conference.meet.example.com"
	secretA    = authtest.Secret
	secretB    = "0b1c2d3e4f5061728394a5b6c7d8e9f00112233445566778899aabbccddeeff0"
)

// reloadA and reloadB differ in everything that a reload can change.
const reloadA = `state: "memory:"
listen: {dovecot: DIR/a.sock, http: DIR/h.sock, gateway: DIR/g.sock, metrics: DIR/m.sock, admin: DIR/c.sock}
http_secret_file: http-a.secret
gateway: {origins: ["https://a.example.com"]}
hosts:
  meet.example.com:
    issuers: {my-app: {secret_files: [a.secret], audience: [jitsi]}}
    tokens: {subject: any}
    muc: [conference.meet.example.com]
    service_accounts: [focus-a@meet.example.com]
    lobby: {enforce: gate, rooms: {}, whitelist: [recorder-a@rec.example.com]}
`

func reloadB() string {
	return strings.NewReplacer("http-a", "http-b", "a.example.com", "b.example.com", "a.secret", "b.secret", "focus-a",
		"focus-b", "recorder-a", "recorder-b").Replace(reloadA) +
		"log: {level: debug}\n"
}

// A reloadWorld is a daemon that has opened everything, and runs nothing.
type reloadWorld struct {
	*daemon
	t   testing.TB
	dir string
}

func newReloadWorld(t testing.TB) *reloadWorld {
	t.Helper()
	dir, err := os.MkdirTemp("", "usher") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	w := &reloadWorld{t: t, dir: dir}
	configtest.PutFile(t, dir, "a.secret", secretA, 0o600)
	configtest.PutFile(t, dir, "b.secret", secretB, 0o600)
	configtest.PutFile(t, dir, "http-a.secret", "0123456789abcdef-a", 0o600)
	configtest.PutFile(t, dir, "http-b.secret", "0123456789abcdef-b", 0o600)
	path := w.write(reloadA)
	c, problems := config.Load(path)
	if c == nil {
		t.Fatal(configtest.Printed(problems, dir))
	}
	in := Input{Config: path, Stderr: io.Discard}
	if w.daemon, err = open(t.Context(), c, path, in, new(slog.LevelVar), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	if err := w.rooms.load(t.Context(), w.log); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.endpoints.Close()
		w.rooms.close(w.log)
	})
	w.reloader.watch.Expect(c.Paths, c.States, time.Now())
	return w
}

func (w *reloadWorld) write(text string) string {
	w.t.Helper()
	return configtest.PutFile(w.t, w.dir, "usher.yaml", strings.ReplaceAll(text, "DIR", w.dir), 0o600)
}

// load reads a configuration without a problem.
func (w *reloadWorld) load(text string) *config.Config {
	w.t.Helper()
	c, problems := config.Load(w.write(text))
	if c == nil {
		w.t.Fatal(configtest.Printed(problems, w.dir))
	}
	return c
}

// inForce says, part by part, whose configuration is in force: a or b.
func (w *reloadWorld) inForce() map[string]string {
	w.t.Helper()
	found := map[string]string{}
	says := func(part, which string, yes bool) {
		if yes {
			found[part] += which
		}
	}
	for which, secret := range map[string]string{"a": secretA, "b": secretB} {
		token := authtest.TokenBy(w.t, secret, authtest.Claims(reloadHost, nil))
		_, err := w.verifier.Authenticate(w.t.Context(), auth.Credentials{Door: "test", Host: reloadHost, Token: token})
		says("keys", which, err == nil)
		d := w.rooms.service.Join(w.t.Context(), "focus-"+which+"@"+reloadHost, reloadRoom, "")
		says("policy", which, d.Allowed)
		says("whitelist", which, slices.ContainsFunc(w.rooms.lobby.List(), func(e lobby.Listed) bool {
			return e.JID == "recorder-"+which+"@rec.example.com"
		}))
		says("http", which, w.asks("0123456789abcdef-"+which))
		says("gateway", which, w.opens("https://"+which+".example.com"))
		says("level", which, (w.reloader.level.Level() == slog.LevelDebug) == (which == "b"))
	}
	return found
}

// asks reports whether the HTTP door takes a secret.
func (w *reloadWorld) asks(secret string) bool {
	r := httptest.NewRequest("GET", "/auth/http/user_exists?user=x&server=y", nil)
	r.Host = "localhost"
	r.Header.Set("Authorization", "Bearer "+secret)
	answer := httptest.NewRecorder()
	w.http.ServeHTTP(answer, r)
	return answer.Code != http.StatusUnauthorized && answer.Code != http.StatusForbidden
}

// opens reports whether the gateway takes pages of an origin.
func (w *reloadWorld) opens(origin string) bool {
	r := httptest.NewRequest("OPTIONS", "/http-bind", nil)
	r.Header.Set("Origin", origin)
	r.Header.Set("Access-Control-Request-Method", "POST")
	answer := httptest.NewRecorder()
	w.reloader.gateway.ServeHTTP(answer, r)
	return answer.Code != http.StatusForbidden
}

// wants checks that one configuration is in force in every part.
func (w *reloadWorld) wants(when, which string) {
	w.t.Helper()
	for _, part := range []string{"keys", "policy", "whitelist", "http", "gateway", "level"} {
		if got := w.inForce()[part]; got != which {
			w.t.Errorf("%s: in force for %s is %q, want %q", when, part, got, which)
		}
	}
}

// passingProblem is a warning, and a problem that may pass.
func passingProblem(dir string) config.Problems {
	return config.Problems{
		{File: filepath.Join(dir, "usher.yaml"), Line: 1, Column: 1, Warning: true, Text: "a warning", Mend: "nothing"},
		{File: filepath.Join(dir, "usher.yaml"), Line: 2, Column: 1, Passing: true, Text: "too many open files",
			Mend: "wait"},
	}
}
