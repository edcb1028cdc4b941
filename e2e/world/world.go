// Package world starts what the end-to-end tests about rooms need: a Prosody with rooms, as a Jitsi installation has
// them, and the usher that it asks, a process of its own. Its people log in and join.
package world

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"usher/e2e/browser/focus"
	"usher/e2e/client"
	"usher/e2e/daemon"
	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
)

// The hosts of a world.
const (
	Meet       = "meet.example.com"            // where tokens log in
	Conference = "conference.meet.example.com" // the rooms
	Breakout   = "breakout.meet.example.com"   // the breakout rooms
	Guests     = "guest.meet.example.com"      // where one logs in without a token
	Services   = "auth.meet.example.com"       // of the accounts focus and recorder, with the password "secret"
	UsherJID   = "usher.meet.example.com"      // usher as a component
)

// A World is a Prosody with rooms, and an usher that is a process of its own.
type World struct {
	Usher   *daemon.Daemon
	Prosody *prosody.Server // nil until it has been started
	Jicofo  *focus.Focus    // of a world with a relay
	Front   bool            // people come through usher's gateway, which holds joins back for a moment
	Console string          // the origin of usher's pages, if there are any

	t      testing.TB
	leader *Person // jicofo's user, who makes the rooms of a world with a relay
}

// Options change what is the same in most tests.
type Options struct {
	Moderation string                        // lines under moderation of usher's host
	Host       string                        // further lines of usher's host
	Issuers    string                        // further lines of its issuers
	MUC        string                        // further lines of the MUC component
	Modules    string                        // of the MUC component, in braces; empty: those that ask
	NoRights   bool                          // the component is nobody to the rooms
	Between    func(component string) string // what stands between the component's port and usher
	Slowly     time.Duration                 // how long answers about new rooms take
	AtOnce     int                           // the first answers about new rooms wait until so many are due
	Gateway    string                        // lines of usher's section gateway, in braces; empty: none
	Held       bool                          // the gateway's address stays open while usher is away
	Global     string                        // further lines of Prosody's global section
	Debug      bool                          // both log all they can
	Listen     string                        // further lines of usher's section listen
	Sections   string                        // further sections of usher's configuration
	More       []prosody.Host                // of Prosody's
	Console    bool                          // usher has its pages, at World.Console
	Relay      *Relay                        // nil: logins by mod_auth_dovecot, as a plain Prosody has them
}

// AnyVersion is for a test that one Prosody is enough for. Without any the test is skipped, or fails in CI.
func AnyVersion(t testing.TB) prosody.Version {
	t.Helper()
	prosodytest.Require(t, "")
	return ""
}

// Each runs a test in a world of its own for each series of Prosody.
func Each(t *testing.T, o Options, test func(t *testing.T, w *World)) {
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) { test(t, New(t, v, o)) })
}

// New returns when both run and Prosody has taken usher as its component. The world ends with the test.
func New(t testing.TB, v prosody.Version, o Options) *World {
	t.Helper()
	w := Unstarted(t)
	o = w.withConsole(o)
	// The socket must be there before Prosody, and Prosody's ports are known only after its start.
	config := w.prosodyConfig(v, o)
	w.Usher.Write("usher.yaml", w.Config(o, "127.0.0.1:1"))
	if o.Relay == nil {
		w.Usher.Hold()
	}
	if o.Held {
		w.Usher.HoldGateway()
	}
	w.Usher.Start()
	w.Prosody = prosodytest.Start(t, config)
	address := w.Prosody.Component()
	if o.Between != nil {
		address = o.Between(address)
	}
	w.Usher.Write("usher.yaml", w.Config(o, address))
	if !o.NoRights && (o.Relay == nil || !o.Relay.NoComponent) {
		w.AwaitComponent(0)
	}
	if w.Front = o.gateway(); w.Front {
		// A reload by itself may be an earlier one: what was written a moment before the start is read twice.
		w.Usher.Await(t, 0, "gateway.upstream is http://"+w.Prosody.HTTP())
	}
	if o.Relay != nil {
		w.startJicofo()
	}
	return w
}

// gateway tells whether browsers come through usher.
func (o Options) gateway() bool { return o.Gateway != "" || o.Relay != nil }

// Unstarted is a world in which nothing runs yet, and nothing is configured.
func Unstarted(t testing.TB) *World {
	t.Helper()
	return &World{Usher: daemon.New(t), t: t}
}

// slow returns the address of a proxy before usher that holds answers back: for a time, and the first of them for each
// other.
func (w *World) slow(by time.Duration, atOnce int) string {
	var due atomic.Int64
	all := make(chan struct{})
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: w.Usher.HTTP}) },
		ModifyResponse: func(r *http.Response) error {
			select {
			case <-time.After(by):
			case <-w.t.Context().Done(): // the end of the test waits for all answers
			}
			if n := due.Add(1); n == int64(atOnce) {
				close(all)
			} else if n < int64(atOnce) {
				select {
				case <-all:
				case <-r.Request.Context().Done():
				}
			}
			return nil
		},
	}
	server := httptest.NewServer(proxy)
	w.t.Cleanup(server.Close)
	return server.URL
}

// AwaitComponent waits until usher says, behind the mark, that Prosody has taken it.
func (w *World) AwaitComponent(mark int) {
	w.t.Helper()
	w.Usher.AwaitFor(w.t, mark, "component connected", 45*time.Second) // its longest pause is 30 s
}

// RestartUsher kills the daemon and starts it again.
func (w *World) RestartUsher() {
	w.t.Helper()
	w.Usher.Kill()
	mark := w.Usher.Mark()
	w.Usher.Start()
	w.AwaitComponent(mark)
	if w.Jicofo == nil {
		w.Warm()
	}
}

// Warm lets the one login fail that a closed connection costs Prosody.
func (w *World) Warm() {
	w.t.Helper()
	secret := Token(w.t, "warm", "*", nil)
	for range 3 {
		s, err := client.Dial(Within(w.t), client.Plain("warm", secret).At(w.Prosody.C2S(), Meet))
		if err == nil {
			_ = s.Close()
			return
		}
	}
	w.t.Fatal("no login succeeds after the restart")
}

// Within bounds what a person may wait for: by 30 s, which a busy machine may need, and by the test.
func Within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}
