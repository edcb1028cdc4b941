package world

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"usher/auth/authtest"
	"usher/e2e/daemon"
	"usher/e2e/prosody"
	"usher/e2e/prosody/standin"
	"usher/internal/prosodyconf"
)

// CommunityEnv names in the environment a folder with the community modules of Prosody, which Debian does not ship.
const CommunityEnv = "PROSODY_COMMUNITY"

// JitsiEnv names in the environment a folder with Jitsi's sources, whose modules take the place of our stand-ins.
const JitsiEnv = "JITSI"

// Config is usher's configuration with the component's address, host:port. Before Prosody has been started its other
// address is one where nobody is.
func (w *World) Config(o Options, component string) string {
	if o.Relay != nil {
		return w.relayConfig(o, component)
	}
	u := w.Usher
	var b strings.Builder
	fmt.Fprintf(&b, "listen:\n  dovecot: %s\n  http: %s\n  gateway: %s\n  metrics: %s\n  admin: %s\n",
		u.Path("auth.sock"), u.HTTP, u.Gateway, u.Path("metrics.sock"), u.Path("admin.sock"))
	b.WriteString(o.Listen)
	fmt.Fprintf(&b, "state: sqlite:%s\nhttp_secret_file: http.secret\n", u.Path("usher.db"))
	if o.Debug {
		b.WriteString("log: {level: debug}\n")
	}
	if o.Gateway != "" {
		upstream := "127.0.0.1:1" // not known yet
		if w.Prosody != nil {
			upstream = w.Prosody.HTTP()
		}
		fmt.Fprintf(&b, "gateway: {upstream: \"http://%s\", %s}\n", upstream, o.Gateway)
	}
	fmt.Fprintf(&b, "component: {jid: %s, address: %q, secret_file: component.secret}\n", UsherJID, component)
	fmt.Fprintf(&b, "hosts:\n  %s:\n    muc: [%s]\n    breakout: [%s]\n    guests: [%s]\n    service_accounts: "+
		"[focus@%s]\n",
		Meet, Conference, Breakout, Guests, Services)
	fmt.Fprintf(&b, "    issuers:\n      %s:\n        secret_files: [my-app.secret, old.secret]\n        audience: "+
		"[%s]\n",
		authtest.Issuer, authtest.Audience)
	o.rest(&b)
	return b.String()
}

// rest writes what follows the first issuer, which is in both kinds of worlds.
func (o Options) rest(b *strings.Builder) {
	b.WriteString(o.Issuers)
	if o.Moderation != "" {
		b.WriteString("    moderation: {" + o.Moderation + "}\n")
	}
	b.WriteString(o.Host)
	b.WriteString(o.Sections)
}

func (w *World) prosodyConfig(v prosody.Version, o Options) prosody.Config {
	paths := ModulePaths(w.t)
	if jitsi := os.Getenv(JitsiEnv); jitsi != "" && o.Relay != nil {
		paths = prosodyconf.Quote(filepath.Join(jitsi, "resources", "prosody-plugins")) + ", " + paths
	}
	extra := "plugin_paths = { " + paths + " }\n" + o.Global
	config := prosody.Config{Version: v, LogLevel: "info", Extra: extra, Hosts: w.hosts(o)}
	if o.Debug {
		config.LogLevel = "debug"
	}
	if o.gateway() {
		config.Modules = []string{"websocket", "bosh", "smacks"}
		config.Extra = "consider_websocket_secure = true\nconsider_bosh_secure = true\n" + config.Extra
	}
	if o.Relay != nil {
		config.Extra = "component_admins_as_room_owners = true\nmuc_mapper_domain_base = \"" + Meet + "\"\n" +
			config.Extra
		config.Hosts = w.relayHosts(o)
	}
	return config
}

func (w *World) hosts(o Options) []prosody.Host {
	const modules = `modules_enabled = { "muc_http_auth", "muc_http_defaults"`
	asking := ""
	if o.Modules != "" {
		asking = "modules_enabled = " + o.Modules
	}
	dovecot := fmt.Sprintf("authentication = \"dovecot\"\ndovecot_auth_socket = %q\nservice_name = %q\n",
		w.Usher.Path("auth.sock"), Meet)
	muc := w.mucLines(o)
	return append([]prosody.Host{
		{Name: Meet, Lines: dovecot},
		{Name: Guests, Lines: "authentication = \"anonymous\"\n"},
		{Name: Services, Lines: "authentication = \"internal_plain\"\n",
			Accounts: map[string]string{"focus": "secret", "recorder": "secret"}},
		{Name: Conference, Component: "muc", Lines: cmp.Or(asking, modules+" }") + "\n" + muc + o.MUC},
		{Name: Breakout, Component: "muc", Lines: modules + ", \"breakout_standin\", \"muc_hide_all\" }\n" + muc},
		{Name: UsherJID, Component: "component", Lines: "component_secret = \"" + daemon.ComponentSecret + "\"\n"},
	}, o.More...)
}

// mucLines are those that both MUC components have.
func (w *World) mucLines(o Options) string {
	create := w.Usher.URL("/muc/room?jid={room.jid}")
	if o.Slowly > 0 || o.AtOnce > 0 {
		create = w.slow(o.Slowly, o.AtOnce) + "/muc/room?jid={room.jid}"
	}
	muc := "muc_room_locking = false\n" +
		"muc_http_auth_url = " + prosodyconf.Quote(w.Usher.URL("/muc/join")) + "\n" +
		"muc_http_auth_authorization_header = \"Bearer " + daemon.HTTPSecret + "\"\n" +
		"muc_create_api_url = " + prosodyconf.Quote(create) + "\n" +
		"muc_create_api_auth = \"Bearer " + daemon.HTTPSecret + "\"\n"
	if !o.NoRights {
		muc += "admins = { \"" + UsherJID + "\", \"focus@" + Services + "\" }\ncomponent_admins_as_room_owners = true\n"
	}
	return muc
}

// ModulePaths are the folders of the modules that ask usher, quoted for Lua and with commas between them: the real ones
// first where there are any, then stand-ins.
func ModulePaths(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "modules")
	if err := standin.Write(dir); err != nil {
		t.Fatal(err)
	}
	real := os.Getenv(CommunityEnv)
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
