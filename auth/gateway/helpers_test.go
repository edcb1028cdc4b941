package gateway

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"testing"
	"time"

	"usher/auth/gateway/gatewaytest"
	"usher/internal/panics"
)

// A world is a gateway on a real socket between the test's clients and its
// upstream.
type world struct {
	*gatewaytest.World
	*Server
	settings Settings
	stop     func() error // ends Serve and returns what it does; more than once
}

// newServer makes a gateway with short deadlines where nothing is gained by
// waiting.
func newServer(w *gatewaytest.World, o Options) *Server {
	o.Auth, o.Rooms, o.Metrics, o.Log = w.Auth, w.Rooms, w.Series.Gateway(), w.Logger()
	o.Panics = panics.New(o.Log, w.Series)
	return New(o)
}

// newWorld starts a gateway. When the test has ended nothing may be left of
// what its clients took.
func newWorld(t testing.TB, o Options, changes ...func(*Settings)) *world {
	t.Helper()
	return newWorldOn(t, nil, o, changes...)
}

// newWorldOn starts it on a listener of its own kind.
func newWorldOn(t testing.TB, kind func(net.Listener) net.Listener, o Options, changes ...func(*Settings)) *world {
	t.Helper()
	if o.LingerTimeout == 0 {
		o.LingerTimeout = 200 * time.Millisecond
	}
	w := &world{World: gatewaytest.NewWorld(t)}
	w.Upstream = gatewaytest.NewUpstream(t)
	w.Server = newServer(w.World, o)
	w.settings = Settings{Upstream: mustURL(t, w.Upstream.URL), Origins: []string{gatewaytest.Page}, Guests: true}
	for _, change := range changes {
		change(&w.settings)
	}
	w.Configure(w.settings)
	w.stop = w.Listen(kind, w.Serve)
	t.Cleanup(w.over)
	return w
}

// over ends the gateway and sees to it that nothing is left.
func (w *world) over() {
	if err := w.stop(); err != nil {
		w.T.Errorf("Serve: %v", err)
	}
	w.swept(time.Hour)
	w.Eventually("the budget is paid back", func() bool { return w.budget.Taken() == 0 })
	if n := w.streams.Running(); n != 0 {
		w.T.Errorf("%d sessions are left", n)
	}
}

// swept wants no place to be taken after so long a silence.
func (w *world) swept(after time.Duration) {
	w.T.Helper()
	w.Eventually("all places are given back", func() bool {
		w.bosh.Sweep(time.Now().Add(after))
		return w.taken() == 0
	})
}

// taken is how many places are, in all and for known addresses.
func (w *world) taken() int { return max(w.proxy.Connections()) }

func mustURL(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// forwarded is the header of a client behind a proxy.
func forwarded(address string) http.Header {
	return http.Header{"Origin": {gatewaytest.Page}, "X-Forwarded-For": {address}}
}

// Changes of the settings.

func noGuests(c *Settings) { c.Guests = false }

func behindProxy(c *Settings) { c.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} }

func messages(most int64) func(*Settings) { return func(c *Settings) { c.MessageBytes = most } }

func connections(all, each int) func(*Settings) {
	return func(c *Settings) { c.Connections, c.ConnectionsPerAddress = all, each }
}
