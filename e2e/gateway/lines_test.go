package gateway

import (
	"os/exec"
	"strings"
	"testing"

	"usher/e2e/daemon"
	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
	"usher/e2e/tokens"
	"usher/e2e/world"
	"usher/internal/prosodyconf"
)

// printed starts a Prosody with nothing in it but what usher prosody prints, as a test changes it.
func printed(t *testing.T, v prosody.Version, change *strings.Replacer) *site {
	t.Helper()
	w := &site{world.Unstarted(t)}
	w.Front = true
	u := w.Usher
	upstream := daemon.FreeAddress(t)
	config := strings.Replace(w.Config(options(), "127.0.0.1:1"), "http://127.0.0.1:1", "http://"+upstream, 1)
	u.Write("usher.yaml", config)
	u.Hold()
	u.Start()
	lines, err := exec.Command(daemon.Binary(t), "prosody", "--config", u.Path("usher.yaml")).Output()
	if err != nil {
		t.Fatal(err)
	}
	u.Write("usher.cfg.lua", change.Replace(string(lines)))
	w.Prosody = prosodytest.Start(t, prosody.Config{Version: v, LogLevel: "info",
		Extra: "plugin_paths = { " + world.ModulePaths(t) + " }\nInclude " +
			prosodyconf.Quote(u.Path("usher.cfg.lua")) + "\n",
		Hosts: []prosody.Host{{Name: world.Services, Lines: "authentication = \"internal_plain\"\n"}}})
	u.Write("usher.yaml", strings.Replace(config, `"127.0.0.1:1"`, `"`+w.Prosody.Component()+`"`, 1))
	for line := range strings.Lines(w.Prosody.Log()) {
		if strings.Contains(line, "Configuration warning") || strings.Contains(line, "\terror\t") {
			t.Error(line)
		}
	}
	return w
}

// TestGatewayPrintedLines: with the printed lines somebody follows a link and is moderator in the first presence, and a
// guest comes in.
func TestGatewayPrintedLines(t *testing.T) {
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		w := printed(t, v, strings.NewReplacer())
		w.AwaitComponent(0)
		p := w.follow(t, world.Meet, byWebSocket(w, query(world.Token(t, "alice", "*", tokens.Moderator()), "one")))
		if got := p.Joins(world.Room("one")); got != "moderator/owner" {
			t.Errorf("first presence %s", got)
		}
		g := w.follow(t, world.Guests, byBOSH(w, query("", "one")))
		if got := g.Joins(world.Room("one")); got != "participant/none" {
			t.Errorf("guest: first presence %s", got)
		}
	})
}

// TestGatewayPrintedLinesWithoutSecrets: where Prosody cannot read the secrets it runs all the same, nobody comes into a
// room, nobody is usher's component, and usher says what it may be.
func TestGatewayPrintedLinesWithoutSecrets(t *testing.T) {
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		w := printed(t, v, strings.NewReplacer(`.secret"`, `.secret.gone"`))
		w.Usher.Await(t, 0, "or Prosody cannot read that file")
		alice := w.follow(t, world.Meet, byWebSocket(w, query(world.Token(t, "alice", "*", tokens.Moderator()), "one")))
		alice.IsRefusedAnyhow(world.Room("one"))
		w.follow(t, world.Guests, byBOSH(w, query("", "one"))).IsRefusedAnyhow(world.Room("one"))
		w.Usher.StatusSays(t, "component_secret")
	})
}

// TestGatewayPrintedLinesOfARelay: with the lines for a Jitsi, beside what a Jitsi has anyway, links lead into rooms as the
// token says, and no token but usher's leads past usher.
func TestGatewayPrintedLinesOfARelay(t *testing.T) {
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		w := world.Unstarted(t)
		w.Front = true
		u := w.Usher
		upstream := daemon.FreeAddress(t)
		config := w.Config(world.Options{Relay: &world.Relay{}}, "127.0.0.1:1")
		config = strings.Replace(config, "http://127.0.0.1:1", "http://"+upstream, 1)
		key, err := exec.Command("openssl", "genrsa", "2048").Output()
		if err != nil {
			t.Fatal(err)
		}
		u.Write("inner.pem", string(key))
		u.Write("usher.yaml", config)
		u.Hold()
		u.Start()
		lines, err := exec.Command(daemon.Binary(t), "prosody", "--config", u.Path("usher.yaml")).Output()
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ := strings.Cut(upstream, ":")
		u.Write("usher.cfg.lua", "http_ports = { "+port+" }\nconsider_websocket_secure = true\n"+
			"consider_bosh_secure = true\nmuc_room_locking = false\n"+strings.ReplaceAll(string(lines), "jitsi-anonymous", "anonymous"))
		w.Prosody = prosodytest.Start(t, prosody.Config{Version: v, LogLevel: "info",
			Modules: []string{"websocket", "bosh", "smacks"},
			Extra: "plugin_paths = { " + world.ModulePaths(t) + " }\nInclude " +
				prosodyconf.Quote(u.Path("usher.cfg.lua")) + "\n",
			Hosts: []prosody.Host{{Name: world.Services, Lines: "authentication = \"internal_plain\"\n",
				Accounts: map[string]string{"focus": "secret"}}}})
		u.Write("usher.yaml", strings.Replace(config, `"127.0.0.1:1"`, `"`+w.Prosody.Component()+`"`, 1))
		w.AwaitComponent(0)
		r := world.Room("one")
		w.Focus(t).Joins(r) // jicofo makes the rooms
		link := func(account string, more map[string]any) world.Link {
			return world.Link{Token: world.Token(t, account, "one", more), Room: "one"}
		}
		w.Follow(t, link("alice", tokens.Moderator())).Joins(r)
		if got := w.Follow(t, link("bob", tokens.Moderator())).Joins(r); got != "moderator/owner" {
			t.Errorf("a moderator's first presence: %s", got)
		}
		if got := w.Follow(t, link("carol", nil)).Joins(r); got != "participant/member" {
			t.Errorf("a participant's first presence: %s", got)
		}
		if got := w.Follow(t, world.Link{Host: world.Guests, Room: "one"}).Joins(r); got != "participant/none" {
			t.Errorf("a guest's first presence: %s", got)
		}
		for line := range strings.Lines(w.Prosody.Log()) {
			if strings.Contains(line, "Configuration warning") {
				t.Error(line)
			}
		}
	})
}
