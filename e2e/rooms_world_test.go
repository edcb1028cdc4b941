package e2e

import (
	"cmp"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/auth/authtest"
	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
	"usher/e2e/prosody/standin"
	"usher/internal/prosodyconf"
)

// The hosts of the tests about rooms.
const (
	conference = "conference.meet.example.com"
	breakout   = "breakout.meet.example.com"
	guests     = "guest.meet.example.com"
	services   = "auth.meet.example.com"
	usherJID   = "usher.meet.example.com"

	componentSecret = "5c1a9f0e7d3b2468"
)

// A roomsWorld is a Prosody with rooms, and a usher that is a process of its own.
type roomsWorld struct {
	t       testing.TB
	usher   *usherProcess
	prosody *prosody.Server
}

// roomsOptions change what is the same in most tests.
type roomsOptions struct {
	moderation string                               // lines under moderation of usher's host
	host       string                               // further lines of usher's host
	muc        string                               // further lines of the MUC component
	modules    string                               // of the MUC component, in braces; empty: those that ask
	noRights   bool                                 // the component is nobody to the rooms
	between    func(p, u string) (component string) // what stands between the component's port and usher
	slowly     time.Duration                        // how long answers about new rooms take
	gateway    string                               // lines of usher's section gateway, in braces; empty: none
	global     string                               // further lines of Prosody's global section
	debug      bool                                 // both log all they can
	more       []prosody.Host                       // of Prosody's
}

func anyVersion(t testing.TB) prosody.Version {
	t.Helper()
	prosodytest.Require(t, "")
	return ""
}

func eachRooms(t *testing.T, o roomsOptions, test func(t *testing.T, w *roomsWorld)) {
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) { test(t, newRoomsWorld(t, v, o)) })
}

func newRoomsWorld(t testing.TB, v prosody.Version, o roomsOptions) *roomsWorld {
	t.Helper()
	u := newUsherProcess(t)
	w := &roomsWorld{t: t, usher: u}
	// The socket must be there before Prosody, and Prosody's ports are known only after its start.
	u.write("usher.yaml", w.config(o, "127.0.0.1:1"))
	u.hold()
	u.start()
	config := prosody.Config{Version: v, LogLevel: "info", Extra: "plugin_paths = { " + roomModules(t) + " }\n" + o.global, Hosts: w.hosts(o)}
	if o.debug {
		config.LogLevel = "debug"
	}
	if o.gateway != "" {
		config.Modules = []string{"websocket", "bosh", "smacks"}
		config.Extra = "consider_websocket_secure = true\nconsider_bosh_secure = true\n" + config.Extra
	}
	w.prosody = prosodytest.Start(t, config)
	address := w.prosody.Component()
	if o.between != nil {
		address = o.between(address, u.dir)
	}
	u.write("usher.yaml", w.config(o, address))
	if !o.noRights {
		w.awaitComponent(0)
	}
	return w
}

// newUsherProcess is one that has its secrets, and no configuration. It ends with the test.
func newUsherProcess(t testing.TB) *usherProcess {
	t.Helper()
	dir, err := os.MkdirTemp("", "usher") // a test's own folder is too long a name for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	u := &usherProcess{t: t, dir: dir, http: freeAddress(t), gateway: freeAddress(t), binary: usherBinary(t)}
	u.write("my-app.secret", authtest.Secret)
	u.write("old.secret", oldSecret)
	u.write("http.secret", communitySecret)
	u.write("component.secret", componentSecret)
	t.Cleanup(func() {
		if u.cmd != nil {
			u.kill()
		}
	})
	return u
}

// roomModules are the folders of the modules that ask usher: the real ones first where there are any, then stand-ins.
func roomModules(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "modules")
	if err := standin.Write(dir); err != nil {
		t.Fatal(err)
	}
	real := os.Getenv(communityEnv)
	if real == "" {
		return prosodyconf.Quote(dir)
	}
	for _, module := range []string{"mod_muc_http_auth", "mod_muc_http_defaults"} {
		if _, err := os.Stat(filepath.Join(real, module)); err != nil {
			t.Skipf("%s has no %s", real, module)
		}
		if err := os.RemoveAll(filepath.Join(dir, module)); err != nil {
			t.Fatal(err)
		}
	}
	return prosodyconf.Quote(dir) + ", " + prosodyconf.Quote(real)
}

const oldSecret = "an-older-secret-that-is-long-enough-for-HS256-tokens"

func (w *roomsWorld) config(o roomsOptions, component string) string {
	u := w.usher
	var b strings.Builder
	fmt.Fprintf(&b, "listen:\n  dovecot: %s\n  http: %s\n  gateway: %s\n  metrics: %s\n  admin: %s\n", u.path("auth.sock"), u.http, u.gateway, u.path("metrics.sock"), u.path("admin.sock"))
	fmt.Fprintf(&b, "state: sqlite:%s\nhttp_secret_file: http.secret\n", u.path("usher.db"))
	if o.debug {
		b.WriteString("log: {level: debug}\n")
	}
	if o.gateway != "" {
		upstream := "127.0.0.1:1" // not known yet
		if w.prosody != nil {
			upstream = w.prosody.HTTP()
		}
		fmt.Fprintf(&b, "gateway: {upstream: \"http://%s\", %s}\n", upstream, o.gateway)
	}
	fmt.Fprintf(&b, "component: {jid: %s, address: %q, secret_file: component.secret}\n", usherJID, component)
	fmt.Fprintf(&b, "hosts:\n  %s:\n    muc: [%s]\n    breakout: [%s]\n    guests: [%s]\n    service_accounts: [focus@%s]\n", meet, conference, breakout, guests, services)
	fmt.Fprintf(&b, "    issuers:\n      %s:\n        secret_files: [my-app.secret, old.secret]\n        audience: [%s]\n", authtest.Issuer, authtest.Audience)
	if o.moderation != "" {
		b.WriteString("    moderation: {" + o.moderation + "}\n")
	}
	b.WriteString(o.host)
	return b.String()
}

func (w *roomsWorld) hosts(o roomsOptions) []prosody.Host {
	const modules = `modules_enabled = { "muc_http_auth", "muc_http_defaults"`
	asking := ""
	if o.modules != "" {
		asking = "modules_enabled = " + o.modules
	}
	create := w.usher.url("/muc/room?jid={room.jid}")
	if o.slowly > 0 {
		create = w.slow(o.slowly) + "/muc/room?jid={room.jid}"
	}
	muc := "muc_room_locking = false\n" +
		"muc_http_auth_url = " + prosodyconf.Quote(w.usher.url("/muc/join")) + "\nmuc_http_auth_authorization_header = \"Bearer " + communitySecret + "\"\n" +
		"muc_create_api_url = " + prosodyconf.Quote(create) + "\nmuc_create_api_auth = \"Bearer " + communitySecret + "\"\n"
	if !o.noRights {
		muc += "admins = { \"" + usherJID + "\", \"focus@" + services + "\" }\ncomponent_admins_as_room_owners = true\n"
	}
	return append([]prosody.Host{
		{Name: meet, Lines: fmt.Sprintf("authentication = \"dovecot\"\ndovecot_auth_socket = %q\nservice_name = %q\n", w.usher.path("auth.sock"), meet)},
		{Name: guests, Lines: "authentication = \"anonymous\"\n"},
		{Name: services, Lines: "authentication = \"internal_plain\"\n", Accounts: map[string]string{"focus": "secret", "recorder": "secret"}},
		{Name: conference, Component: "muc", Lines: cmp.Or(asking, modules+" }") + "\n" + muc + o.muc},
		{Name: breakout, Component: "muc", Lines: modules + ", \"breakout_standin\" }\n" + muc},
		{Name: usherJID, Component: "component", Lines: "component_secret = \"" + componentSecret + "\"\n"},
	}, o.more...)
}

// slow returns the address of a proxy before usher that holds every answer back.
func (w *roomsWorld) slow(by time.Duration) string {
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: w.usher.http}) },
		ModifyResponse: func(*http.Response) error {
			time.Sleep(by)
			return nil
		},
	}
	server := httptest.NewServer(proxy)
	w.t.Cleanup(server.Close)
	return server.URL
}

// awaitComponent waits until usher says, behind the mark, that Prosody has taken it.
func (w *roomsWorld) awaitComponent(mark int) {
	w.t.Helper()
	w.usher.awaitFor(w.t, mark, "component connected", 10*time.Second)
}

// A builder builds usher once for all tests, where nobody says which one to test.
type builder struct {
	once   sync.Once
	binary string
	err    error
}

var built builder

func (b *builder) build() {
	dir, err := os.MkdirTemp("", "usher-e2e")
	if err != nil {
		b.err = err
		return
	}
	b.binary = filepath.Join(dir, "usher")
	if out, err := exec.Command("go", "build", "-o", b.binary, "../cmd/usher").CombinedOutput(); err != nil {
		b.err = fmt.Errorf("building usher: %w\n%s", err, out)
	}
}

func usherBinary(t testing.TB) string {
	t.Helper()
	if binary := os.Getenv(binaryEnv); binary != "" {
		return binary
	}
	built.once.Do(built.build)
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.binary
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built.binary != "" {
		_ = os.RemoveAll(filepath.Dir(built.binary))
	}
	os.Exit(code)
}
