package bosh

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"testing"
	"time"

	"usher/auth/gateway/budget"
	"usher/auth/gateway/gatewaytest"
	"usher/auth/gateway/login"
	"usher/auth/gateway/proxy"
	"usher/internal/httpd"
	"usher/internal/panics"
	"usher/internal/taskgroup"
)

// A world is a handler on a real socket between the test's clients and its
// upstream.
type world struct {
	*gatewaytest.World
	*Handler
	proxy    *proxy.Proxy
	settings proxy.Settings
	budget   budget.Budget
	beside   taskgroup.Group
	stop     func() error // ends it and returns what that does; more than once
}

func newWorld(t testing.TB, o Options, changes ...func(*proxy.Settings)) *world {
	t.Helper()
	w := worldOf(gatewaytest.NewWorld(t), o, nil)
	w.Upstream = gatewaytest.NewUpstream(t)
	to, err := url.Parse(w.Upstream.URL)
	if err != nil {
		t.Fatal(err)
	}
	w.settings = proxy.Settings{Upstream: to, Origins: []string{gatewaytest.Page}, Guests: true}
	for _, change := range changes {
		change(&w.settings)
	}
	w.stop = w.Listen(nil, w.serve)
	t.Cleanup(w.over)
	return w
}

// worldOf makes the handler, which connects to Prosody by a transport, or by TCP.
func worldOf(around *gatewaytest.World, o Options, transport http.RoundTripper) *world {
	w := &world{World: around}
	log, series := w.Logger(), w.Series.Gateway()
	w.proxy = proxy.New(proxy.Options{
		Log: log, Metrics: series, WriteTimeout: 15 * time.Second, Stopping: func() bool { return false }, Transport: transport,
	})
	o.Exchange, o.Rooms, o.Metrics, o.Panics = &login.Exchange{Tickets: w.Auth}, w.Rooms, series, panics.New(log, w.Series)
	o.Budget, o.Transport, o.Go = &w.budget, w.proxy.Transport, w.beside.Go
	for value, usual := range map[*time.Duration]time.Duration{
		&o.FarewellTimeout: 10 * time.Second, &o.LoginTimeout: time.Minute, &o.JoinTimeout: 200 * time.Millisecond,
	} {
		if *value == 0 {
			*value = usual
		}
	}
	w.Handler = New(o)
	return w
}

func (w *world) serve(ctx context.Context, l net.Listener) error {
	w.beside.Open(ctx)
	srv := &httpd.Server{Name: login.Door, Handler: w, ReadTimeout: -1, WriteTimeout: -1, StopTimeout: 200 * time.Millisecond}
	err := srv.Serve(ctx, l)
	w.beside.Close()
	return err
}

// ServeHTTP does what the gateway does before a handler is asked.
func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	q := w.proxy.Request(w.settings.WithDefaults(), rw, r)
	if !q.MayAsk() {
		return
	}
	c, query := login.Take(r)
	c.Guests = w.settings.Guests
	q.Query, q.Token = query, c.Token
	w.Serve(q, c)
}

// over ends it and sees to it that nothing is left.
func (w *world) over() {
	if err := w.stop(); err != nil {
		w.T.Errorf("Serve: %v", err)
	}
	w.swept(2 * usuallyKept)
	w.Eventually("the budget is paid back", func() bool { return w.budget.Taken() == 0 })
}

// swept wants no place to be taken after so long a silence.
func (w *world) swept(after time.Duration) {
	w.T.Helper()
	w.Eventually("all places are given back", func() bool {
		w.Sweep(time.Now().Add(after))
		return w.taken() == 0
	})
}

// taken is how many places are, in all and for known addresses.
func (w *world) taken() int { return max(w.proxy.Connections()) }

// of calls f for a session of the table, nil if there is none of that name.
func (w *world) of(sid string, f func(*session)) {
	w.sessions.mu.Lock()
	defer w.sessions.mu.Unlock()
	f(w.sessions.bySID[sid])
}

// pending is how many requests of a session are not answered; one that has just ended has none.
func (w *world) pending(sid string) (n int) {
	w.of(sid, func(s *session) {
		if s != nil {
			n = s.pending
		}
	})
	return n
}

// noFarewell reports whether nothing is being told to Prosody.
func (w *world) noFarewell() bool {
	all := w.farewells.TryAcquire(maxFarewells)
	if all {
		w.farewells.Release(maxFarewells)
	}
	return all
}

// Changes of the settings.

func noGuests(c *proxy.Settings) { c.Guests = false }

func messages(most int64) func(*proxy.Settings) {
	return func(c *proxy.Settings) { c.MessageBytes = most }
}

func connections(all, each int) func(*proxy.Settings) {
	return func(c *proxy.Settings) { c.Connections, c.ConnectionsPerAddress = all, each }
}

// ways has guests be let in, or not.
func ways(way gatewaytest.WayIn) func(*proxy.Settings) {
	return func(c *proxy.Settings) { c.Guests = way.Guests }
}
