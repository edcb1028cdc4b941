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

// TestGatewayPrintedLines has a Prosody with nothing in it but what usher prosody prints: somebody follows a link and
// is moderator in his first presence, and a guest comes in.
func TestGatewayPrintedLines(t *testing.T) {
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		w := &site{world.Unstarted(t)}
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
		u.Write("usher.cfg.lua", string(lines))
		w.Prosody = prosodytest.Start(t, prosody.Config{Version: v, LogLevel: "info",
			Extra: "plugin_paths = { " + world.ModulePaths(t) + " }\nInclude " +
				prosodyconf.Quote(u.Path("usher.cfg.lua")) + "\n",
			Hosts: []prosody.Host{{Name: world.Services, Lines: "authentication = \"internal_plain\"\n"}}})
		mark := u.Mark()
		u.Write("usher.yaml", strings.Replace(config, `"127.0.0.1:1"`, `"`+w.Prosody.Component()+`"`, 1))
		w.AwaitComponent(mark)
		p := w.follow(t, world.Meet, byWebSocket(w, query(world.Token(t, "alice", "*", tokens.Moderator()), "one")))
		if got := p.Joins(world.Room("one")); got != "moderator/owner" {
			t.Errorf("first presence %s", got)
		}
		g := w.follow(t, world.Guests, byBOSH(w, query("", "one")))
		if got := g.Joins(world.Room("one")); got != "participant/none" {
			t.Errorf("guest: first presence %s", got)
		}
		for line := range strings.Lines(w.Prosody.Log()) {
			if strings.Contains(line, "Configuration warning") || strings.Contains(line, "\terror\t") {
				t.Error(line)
			}
		}
	})
}
