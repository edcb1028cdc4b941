package try

import (
	"strings"
	"testing"

	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
	"usher/e2e/world"
)

// TestConfiguration: what is wrong between usher's configuration and Prosody's.
func TestConfiguration(t *testing.T) {
	t.Parallel()
	world.Each(t, world.Options{Gateway: gateway}, func(t *testing.T, w *world.World) {
		page, c2s := []string{"--url", "ws://" + w.Usher.Gateway}, []string{"--c2s", w.Prosody.C2S()}
		for _, row := range []struct {
			name            string
			change, args    []string
			hop, seen, mend string
		}{
			{"host misspelt", []string{"  meet.example.com:", "  meets.example.com:"}, page,
				"Prosody", "Prosody has no host meets.example.com",
				"compare hosts.meets.example.com in " + w.Usher.Path("usher.yaml") + " ("},
			{"host misspelt, at the port", []string{"  meet.example.com:", "  meets.example.com:"}, c2s,
				"Prosody", "Prosody has no host meets.example.com", "VirtualHost"},
			{"muc missing", []string{"    muc: [conference.meet.example.com]\n", "",
				"    breakout: [breakout.meet.example.com]\n", "", "    guests: [guest.meet.example.com]\n", ""}, page,
				"rooms", "Prosody has rooms at conference.meet.example.com", "write muc: [conference.meet.example.com]"},
			{"muc misspelt", []string{"muc: [conference.", "muc: [conferences."}, page,
				"join", "Prosody has no rooms at conferences.meet.example.com", "compare muc of hosts.meet.example.com"},
			{"component elsewhere", []string{"address: \"" + w.Prosody.Component(), "address: \"127.0.0.1:1"}, page,
				"component", "not connected to Prosody", "usher prosody"},
		} {
			t.Run(row.name, func(t *testing.T) {
				reconfigure(t, w, row.change...)
				r := try(t, w, row.args...)
				r.stopsAt(t, row.hop, row.seen, row.mend)
			})
		}
	})
}

// TestSecret: usher's secret for Prosody's questions was changed, and Prosody not restarted.
func TestSecret(t *testing.T) {
	t.Parallel()
	world.Each(t, world.Options{}, func(t *testing.T, w *world.World) {
		w.Usher.Write("http.secret", strings.Repeat("0123456789abcdef", 2))
		w.Usher.Run(t, "reload")
		r := try(t, w, "--c2s", w.Prosody.C2S())
		r.stopsAt(t, "join", "without an answer of usher's", "Restart Prosody then, which reads the secret at its start")
	})
}

// TestUnasked: the two modules of rooms are not loaded.
func TestUnasked(t *testing.T) {
	t.Parallel()
	world.Each(t, world.Options{Modules: "{}"}, func(t *testing.T, w *world.World) {
		r := try(t, w, "--c2s", w.Prosody.C2S())
		for hop, module := range map[string]string{"join asked": "mod_muc_http_auth", "room asked": "mod_muc_http_defaults"} {
			if h := r.hop(hop); h.State != "failed" || !strings.Contains(h.Mend, "load "+module) {
				t.Errorf("%+v", h)
			}
		}
	})
}

// TestAnotherAuthentication: the host's authentication is not usher's.
func TestAnotherAuthentication(t *testing.T) {
	t.Parallel()
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		w := withoutComponent(t)
		for _, row := range []struct{ lines, hop, seen string }{
			{"authentication = \"internal_hashed\"\n", "login", "has another authentication than usher's"},
			{"authentication = \"anonymous\"\n", "login", "it offers ANONYMOUS, not PLAIN or OAUTHBEARER"},
		} {
			p := prosodytest.Start(t, prosody.Config{Version: v, Hosts: []prosody.Host{{Name: world.Meet, Lines: row.lines}}})
			r := try(t, w, "--c2s", p.C2S())
			r.stopsAt(t, row.hop, row.seen, "usher prosody prints the lines of VirtualHost")
		}
	})
}
