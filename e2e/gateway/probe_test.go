package gateway

import (
	"strings"
	"testing"

	"usher/e2e/world"
)

// TestProbe: usher status says that Prosody takes inner tokens, or which step is missing.
func TestProbe(t *testing.T) {
	for name, c := range map[string]struct {
		relay  world.Relay
		change func(w *world.World)
		wants  string
	}{
		"RS256": {world.Relay{}, nil, "relay: Prosody takes inner tokens"},
		"HS256": {world.Relay{HS256: true}, nil, "relay: Prosody takes inner tokens"},
		"another app_secret": {world.Relay{HS256: true}, func(w *world.World) {
			w.Usher.Write("inner.secret", strings.Repeat("another-", 8))
			w.Usher.Run(t, "reload")
		}, "relay: NO: Prosody has another app_secret"},
		"another app_id": {world.Relay{HS256: true}, func(w *world.World) {
			w.Usher.Write("usher.yaml", strings.Replace(w.Usher.Read("usher.yaml"), "app_id: "+world.AppID, "app_id: other", 1))
			w.Usher.Run(t, "reload")
		}, "relay: NO: Prosody has another app_id"},
		"no host for guests": {world.Relay{}, func(w *world.World) {
			w.Usher.Write("usher.yaml", strings.Replace(w.Usher.Read("usher.yaml"), "guests: ["+world.Guests, "guests: [none.example.com", 1))
			w.Usher.Run(t, "reload")
		}, "relay: NO: Prosody has no host none.example.com for guests"},
		"allow_empty_token": {world.Relay{Prosody: "allow_empty_token = true\n"}, nil,
			"relay: NO: Prosody lets in who has no token"},
		"allow_empty_token, of usher only": {world.Relay{Lines: "allow_empty_token: true"}, nil,
			"relay: NO: Prosody refuses who has no token"},
		"allow_empty_token of both": {world.Relay{Lines: "allow_empty_token: true", Prosody: "allow_empty_token = true\n"}, nil,
			"relay: Prosody takes inner tokens, and logins without"},
	} {
		t.Run(name, func(t *testing.T) {
			o := world.Options{Relay: &c.relay}
			if strings.Contains(c.relay.Lines, "allow_empty_token") {
				o.Host = "    guests_start: true\n"
			}
			world.Each(t, o, func(t *testing.T, w *world.World) {
				if c.change != nil {
					c.change(w)
				}
				w.Usher.StatusSays(t, c.wants)
			})
		})
	}
}
