package e2e

import (
	"os/exec"
	"strings"
	"testing"

	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
	"usher/internal/prosodyconf"
)

// TestGatewayPrintedLines has a Prosody with nothing in it but what usher prosody prints: somebody follows a link and is
// moderator in his first presence, and a guest comes in.
func TestGatewayPrintedLines(t *testing.T) {
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		u := newUsherProcess(t)
		w := &roomsWorld{t: t, usher: u}
		upstream := freeAddress(t)
		config := strings.Replace(w.config(gatewayOptions(), "127.0.0.1:1"), "http://127.0.0.1:1", "http://"+upstream, 1)
		u.write("usher.yaml", config)
		u.hold()
		u.start()
		lines, err := exec.Command(u.binary, "prosody", "--config", u.path("usher.yaml")).Output()
		if err != nil {
			t.Fatal(err)
		}
		u.write("usher.cfg.lua", string(lines))
		w.prosody = prosodytest.Start(t, prosody.Config{Version: v, LogLevel: "info",
			Extra: "plugin_paths = { " + roomModules(t) + " }\nInclude " + prosodyconf.Quote(u.path("usher.cfg.lua")) + "\n",
			Hosts: []prosody.Host{{Name: services, Lines: "authentication = \"internal_plain\"\n"}}})
		mark := u.mark(t)
		u.write("usher.yaml", strings.Replace(config, `"127.0.0.1:1"`, `"`+w.prosody.Component()+`"`, 1))
		w.awaitComponent(mark)
		p := w.follow(t, meet, byWebSocket(w, query(token(t, meet, claims("alice", "*", moderator)), "one")))
		if got := p.join(room("one")); got != "moderator/owner" {
			t.Errorf("first presence %s", got)
		}
		g := w.follow(t, guests, byBOSH(w, query("", "one")))
		if got := g.join(room("one")); got != "participant/none" {
			t.Errorf("guest: first presence %s", got)
		}
		for line := range strings.Lines(w.prosody.Log()) {
			if strings.Contains(line, "Configuration warning") || strings.Contains(line, "\terror\t") {
				t.Error(line)
			}
		}
	})
}
