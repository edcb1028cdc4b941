// Package meeting holds what people see of a Jitsi with usher before it as a relay, in Jitsi's own client: a Chromium,
// nginx with a site as Jitsi's packages lay it out, usher, and a real Prosody with our stand-ins of Jitsi's modules.
package meeting

import (
	"net/url"
	"os"
	"testing"
	"time"

	"usher/e2e/browser/driver"
	"usher/e2e/daemon"
	"usher/e2e/nginx"
	"usher/e2e/nginx/nginxtest"
	"usher/e2e/prosody"
	"usher/e2e/world"
)

func TestMain(m *testing.M) { os.Exit(daemon.Main(m)) }

// within is enough for everything that a page does.
const within = time.Minute

// A site is a Jitsi as people meet it.
type site struct {
	*world.World
	nginx   *nginx.Server
	browser *driver.Browser
}

// A link is what somebody opens.
type link struct {
	room, token string
	bosh        bool
	hold        bool // the page logs in, and joins by meet.join()
}

// start starts a site.
func start(t *testing.T, v prosody.Version) *site {
	driver.Require(t)
	driver.RequireJitsi(t)
	o := world.Options{Relay: &world.Relay{}, Moderation: "on_expiry: demote", Console: true,
		Host: "    tokens: {leeway: 0s}\n    lobby: {rooms: {\"*\": off, \"hall*\": on}, enforce: members-only}\n"}
	w := &site{World: world.New(t, v, o)}
	w.nginx = nginxtest.Shaped(t, "debian", w.Usher.Gateway)
	w.browser = driver.Start(t, map[string]string{world.Meet: w.nginx.TLS()})
	return w
}

// run runs tests that share the site; each has rooms of its own.
func (w *site) run(t *testing.T, tests map[string]func(t *testing.T, w *site)) {
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(t, w) })
	}
}

// open opens a link in Jitsi's client. The page is closed after the test.
func (w *site) open(t *testing.T, l link) *driver.Page {
	t.Helper()
	q := url.Values{}
	if l.token != "" {
		q.Set("jwt", l.token)
	}
	if l.bosh {
		q.Set("transport", "bosh")
	}
	if l.hold {
		q.Set("hold", "")
	}
	p := w.browser.Open(t, "https://"+world.Meet+"/jitsi/"+l.room+"?"+q.Encode())
	t.Cleanup(p.Close)
	return p
}

// both runs a test by either transport, with a room for each.
func both(t *testing.T, room string, test func(t *testing.T, room string, bosh bool)) {
	t.Run("websocket", func(t *testing.T) { test(t, room, false) })
	t.Run("bosh", func(t *testing.T) { test(t, room+"-bosh", true) })
}
