// Package community holds what docs/doors.md says about the community's modules of Prosody, as they are, of both
// series.
package community

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/e2e/client"
	"usher/e2e/daemon"
	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
	"usher/e2e/tokens"
	"usher/internal/prosodyconf"
)

// lptyEnv is the folder of lpty.so for Lua 5.4, and modulesEnv that of the community modules, which Debian does not
// ship. community.sh sets both.
const (
	lptyEnv    = "USHER_LPTY"
	modulesEnv = "PROSODY_COMMUNITY"
)

// A door is a community module on a virtual host of its own.
type door struct {
	host, module string
	door         string // what usher's log calls it
}

var doors = map[string]door{
	"http":        {host: "http.example.com", module: "http", door: "http"},
	"http_async":  {host: "async.example.com", module: "http_async", door: "http_async"},
	"custom_http": {host: "custom.example.com", module: "custom_http", door: "custom_http"},
	"oauth":       {host: "oauth.example.com", module: "oauth_external", door: "oauth"},
	"external":    {host: "external.example.com", module: "external_insecure", door: "extauth"},
}

// A world is a Prosody with community modules in front of a usher that is a process of its own.
type world struct {
	usher   *daemon.Daemon
	prosody *prosody.Server
}

// each runs the test once for each Prosody, which has the modules of these names, each on its own host.
func each(t *testing.T, test func(t *testing.T, w *world), names ...string) {
	eachWith(t, plainLines, test, names...)
}

// linesOf returns what an operator writes in the section of the host, and before all sections.
type linesOf func(t *testing.T, u *daemon.Daemon, d door) (host, before string)

func eachWith(t *testing.T, lines linesOf, test func(t *testing.T, w *world), names ...string) {
	modules := require(t, names)
	prosodytest.InTurn(t, func(t *testing.T, v prosody.Version) { // as it sets the environment
		w := &world{usher: daemon.ForLogins(t, hostsOf(names)...)}
		config := prosody.Config{Version: v, Dir: w.usher.Path("prosody"), Modules: []string{"legacyauth"},
			Extra: fmt.Sprintf("plugin_paths = { %s }\n", prosodyconf.Quote(modules))}
		for _, name := range names {
			d := doors[name]
			host, before := lines(t, w.usher, d)
			config.Extra += before
			config.Hosts = append(config.Hosts, prosody.Host{Name: d.host, Lines: host})
		}
		t.Setenv("LUA_CPATH", filepath.Join(os.Getenv(lptyEnv), "?.so")+";;")
		t.Setenv("USHER_EXTAUTH_SOCKET", w.usher.Path("extauth.sock"))
		w.prosody = prosodytest.Start(t, config)
		test(t, w)
	})
}

func hostsOf(names []string) (hosts []string) {
	for _, name := range names {
		hosts = append(hosts, doors[name].host)
	}
	return hosts
}

// require skips the test where a module of these names is missing, and returns the folder of all.
func require(t *testing.T, names []string) string {
	t.Helper()
	dir := os.Getenv(modulesEnv)
	if dir == "" {
		t.Skipf("no community modules: see e2e/community.sh (%s is not set)", modulesEnv)
	}
	for _, env := range []string{lptyEnv, daemon.BinaryEnv} {
		if os.Getenv(env) == "" {
			t.Fatalf("%s is not set: run e2e/community.sh", env)
		}
	}
	for _, name := range names {
		module := "mod_auth_" + doors[name].module
		if _, err := os.Stat(filepath.Join(dir, module, module+".lua")); err != nil {
			t.Skipf("%s has no %s", dir, module)
		}
	}
	return dir
}

func plainLines(t *testing.T, u *daemon.Daemon, d door) (host, before string) {
	return "authentication = " + prosodyconf.Quote(d.module) + "\n" + options(t, u, d), ""
}

func options(t *testing.T, u *daemon.Daemon, d door) string {
	url := func(path string) string {
		return prosodyconf.Quote(u.URL(path + "?host=" + d.host + "&key=" + daemon.HTTPSecret))
	}
	switch d.module {
	case "http":
		return "http_auth_url = " + prosodyconf.Quote(u.URL("/auth/http")) +
			"\nhttp_auth_credentials = " + prosodyconf.Quote("prosody:"+daemon.HTTPSecret)
	case "http_async":
		return "http_auth_url = " + prosodyconf.Quote(u.URL("/auth/basic?host=$host&key="+daemon.HTTPSecret))
	case "custom_http":
		return "auth_custom_http = { post_url = " + url("/auth/json") + " }"
	case "oauth_external":
		return "oauth_external_validation_endpoint = " + url("/auth/oauth/userinfo") +
			"\noauth_external_token_endpoint = " + url("/auth/oauth/token")
	default:
		return "external_auth_command = " + prosodyconf.Quote(bridge(t, u))
	}
}

// bridge is usher under the name that says what the module, which passes no arguments, cannot.
func bridge(t *testing.T, u *daemon.Daemon) string {
	t.Helper()
	name := u.Path("usher-extauth")
	if err := os.Symlink(daemon.Binary(t), name); err != nil && !errors.Is(err, os.ErrExist) {
		t.Fatal(err)
	}
	return name
}

// dial logs in at a door; it has longer than Prosody waits for the old external auth.
func (w *world) dial(t *testing.T, d door, l client.Login) (*client.Session, error) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	return client.Dial(ctx, l.At(w.prosody.C2S(), d.host))
}

// enter wants a login to pass, and to be who.
func (w *world) enter(t *testing.T, d door, who string, l client.Login) {
	t.Helper()
	s, err := w.dial(t, d, l)
	if err != nil {
		t.Errorf("%s of %s: %v", l.Mechanism, who, err)
		return
	}
	defer s.Close()
	if bare, _, _ := strings.Cut(s.JID(), "/"); bare != who+"@"+d.host {
		t.Errorf("%s of %s became %s", l.Mechanism, who, bare)
	}
}

// later starts a login and returns what comes of it.
func (w *world) later(t *testing.T, d door, l client.Login) <-chan error {
	result := make(chan error, 1)
	go func() {
		s, err := w.dial(t, d, l)
		if err == nil {
			s.Close()
		}
		result <- err
	}()
	return result
}

// stay wants a refusal, and returns it with the time it took.
func (w *world) stay(t *testing.T, d door, l client.Login) (*client.Refused, time.Duration) {
	t.Helper()
	start := time.Now()
	s, err := w.dial(t, d, l)
	took := time.Since(start)
	if err == nil {
		s.Close()
		t.Fatalf("%s let in as %s", l.Mechanism, s.JID())
	}
	refused, ok := errors.AsType[*client.Refused](err)
	if !ok {
		t.Fatalf("%s: no answer: %v", l.Mechanism, err)
	}
	return refused, took
}

// stayFor wants a refusal that usher has logged with this door and reason: then it was usher that refused, not a
// fault on the way to it. The client is told no more than not-authorized.
func (w *world) stayFor(t *testing.T, d door, l client.Login, reason auth.Reason) {
	t.Helper()
	mark := w.usher.Mark()
	refused, _ := w.stay(t, d, l)
	if refused.Condition != "not-authorized" {
		t.Errorf("%s: %v", l.Mechanism, refused)
	}
	w.usher.Await(t, mark, fmt.Sprintf("door=%s reason=%s ", d.door, reason))
}

// token is a good token for an account.
func (d door) token(t *testing.T, account string) string {
	t.Helper()
	return tokens.Sign(t, d.host, tokens.Called(account))
}
