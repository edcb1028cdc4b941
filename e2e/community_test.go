package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/authtest"
	"usher/e2e/client"
	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
	"usher/internal/prosodyconf"
)

// communityEnv is a folder with the community modules of Prosody, which Debian does not ship. community.sh sets the other two.
const (
	communityEnv = "PROSODY_COMMUNITY"
	lptyEnv      = "USHER_LPTY"   // the folder of lpty.so for Lua 5.4
	binaryEnv    = "USHER_BINARY" // the built usher
)

// communityDoor is a community module on a virtual host of its own.
type communityDoor struct {
	host, module string
	door         string // what usher's log calls it
}

var communityDoors = map[string]communityDoor{
	"http":        {host: "http.example.com", module: "http", door: "http"},
	"http_async":  {host: "async.example.com", module: "http_async", door: "http_async"},
	"custom_http": {host: "custom.example.com", module: "custom_http", door: "custom_http"},
	"oauth":       {host: "oauth.example.com", module: "oauth_external", door: "oauth"},
	"external":    {host: "external.example.com", module: "external_insecure", door: "extauth"},
}

// communityWorld is a Prosody with community modules in front of a usher that is a process of its own.
type communityWorld struct {
	usher   *usherProcess
	prosody *prosody.Server
}

// eachCommunity runs the test once for each Prosody, which has the modules of these names, each on its own host.
func eachCommunity(t *testing.T, test func(t *testing.T, w *communityWorld), names ...string) {
	eachCommunityWith(t, (*usherProcess).lines, test, names...)
}

// linesOf returns what an operator writes in the section of the host, and before all sections.
type linesOf func(u *usherProcess, t *testing.T, d communityDoor) (host, before string)

func eachCommunityWith(t *testing.T, lines linesOf, test func(t *testing.T, w *communityWorld), names ...string) {
	modules := requireCommunity(t, names)
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		w := &communityWorld{usher: startUsher(t, names)}
		config := prosody.Config{Version: v, Dir: w.usher.path("prosody"), Modules: []string{"legacyauth"},
			Extra: fmt.Sprintf("plugin_paths = { %s }\n", prosodyconf.Quote(modules))}
		for _, name := range names {
			d := communityDoors[name]
			host, before := lines(w.usher, t, d)
			config.Extra += before
			config.Hosts = append(config.Hosts, prosody.Host{Name: d.host, Lines: host})
		}
		t.Setenv("LUA_CPATH", filepath.Join(os.Getenv(lptyEnv), "?.so")+";;")
		t.Setenv("USHER_EXTAUTH_SOCKET", w.usher.path("extauth.sock"))
		w.prosody = prosodytest.Start(t, config)
		test(t, w)
	})
}

func requireCommunity(t *testing.T, names []string) string {
	t.Helper()
	dir := os.Getenv(communityEnv)
	if dir == "" {
		t.Skipf("no community modules: see e2e/community.sh (%s is not set)", communityEnv)
	}
	for _, env := range []string{lptyEnv, binaryEnv} {
		if os.Getenv(env) == "" {
			t.Fatalf("%s is not set: run e2e/community.sh", env)
		}
	}
	for _, name := range names {
		module := "mod_auth_" + communityDoors[name].module
		if _, err := os.Stat(filepath.Join(dir, module, module+".lua")); err != nil {
			t.Skipf("%s has no %s", dir, module)
		}
	}
	return dir
}

func (u *usherProcess) lines(t *testing.T, d communityDoor) (host, before string) {
	return "authentication = " + prosodyconf.Quote(d.module) + "\n" + u.options(t, d), ""
}

func (u *usherProcess) options(t *testing.T, d communityDoor) string {
	url := func(path string) string {
		return prosodyconf.Quote(u.url(path + "?host=" + d.host + "&key=" + communitySecret))
	}
	switch d.module {
	case "http":
		return "http_auth_url = " + prosodyconf.Quote(u.url("/auth/http")) +
			"\nhttp_auth_credentials = " + prosodyconf.Quote("prosody:"+communitySecret)
	case "http_async":
		return "http_auth_url = " + prosodyconf.Quote(u.url("/auth/basic?host=$host&key="+communitySecret))
	case "custom_http":
		return "auth_custom_http = { post_url = " + url("/auth/json") + " }"
	case "oauth_external":
		return "oauth_external_validation_endpoint = " + url("/auth/oauth/userinfo") +
			"\noauth_external_token_endpoint = " + url("/auth/oauth/token")
	default:
		return "external_auth_command = " + prosodyconf.Quote(u.bridge(t))
	}
}

// bridge is usher under the name that says what the module, which passes no arguments, cannot.
func (u *usherProcess) bridge(t *testing.T) string {
	t.Helper()
	name := u.path("usher-extauth")
	if err := os.Symlink(os.Getenv(binaryEnv), name); err != nil && !errors.Is(err, os.ErrExist) {
		t.Fatal(err)
	}
	return name
}

// dial logs in at a door; it has longer than Prosody waits for the old external auth.
func (w *communityWorld) dial(t *testing.T, d communityDoor, l client.Login) (*client.Session, error) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	return client.Dial(ctx, l.At(w.prosody.C2S(), d.host))
}

// enter wants a login to pass, and to be who.
func (w *communityWorld) enter(t *testing.T, d communityDoor, who string, l client.Login) {
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
func (w *communityWorld) later(t *testing.T, d communityDoor, l client.Login) <-chan error {
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
func (w *communityWorld) stay(t *testing.T, d communityDoor, l client.Login) (*client.Refused, time.Duration) {
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

// stayFor wants a refusal that usher has logged with this door and reason: then it was usher that refused, not a fault on
// the way to it. The client is told no more than not-authorized.
func (w *communityWorld) stayFor(t *testing.T, d communityDoor, l client.Login, reason auth.Reason) {
	t.Helper()
	mark := w.usher.mark(t)
	refused, _ := w.stay(t, d, l)
	if refused.Condition != "not-authorized" {
		t.Errorf("%s: %v", l.Mechanism, refused)
	}
	w.usher.await(t, mark, fmt.Sprintf("door=%s reason=%s ", d.door, reason))
}

// communityToken is a good token for an account.
func communityToken(t *testing.T, d communityDoor, account string) string {
	t.Helper()
	return token(t, d.host, called(account))
}

// wrongTokens are what must not let an account in, with the reason.
func wrongTokens(t *testing.T, d communityDoor, account string) map[string]struct {
	text   string
	reason auth.Reason
} {
	claims := func(more map[string]any) map[string]any {
		c := authtest.Claims(d.host, called(account))
		maps.Copy(c, more)
		return c
	}
	return map[string]struct {
		text   string
		reason auth.Reason
	}{
		"bad signature":     {authtest.TokenBy(t, strings.Repeat("0123456789abcdef", 4), claims(nil)), auth.ReasonBadSignature},
		"expired":           {authtest.Token(t, claims(map[string]any{"exp": 1})), auth.ReasonExpired},
		"another host":      {authtest.Token(t, claims(map[string]any{"sub": "else.example.com"})), auth.ReasonSubjectMismatch},
		"a password":        {"correct:horse", auth.ReasonMalformed},
		"the word true":     {"true", auth.ReasonMalformed},
		"a ticket made up":  {"ut-ABCDEFGHIJKLMNOPQRSTUVWXYZ234567ABCDEF", auth.ReasonUnknownTicket},
		"polyglot":          {polyglotToken(t, d.host, "else", account), auth.ReasonMalformed},
		"polyglot, itself":  {polyglotToken(t, d.host, account, account), auth.ReasonMalformed},
		"polyglot, general": {generalPolyglot(t, d.host, account), auth.ReasonMalformed},
	}
}
