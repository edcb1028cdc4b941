package gateway

import (
	"cmp"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"usher/auth/gateway/login"
	"usher/auth/gateway/proxy"
	"usher/auth/gateway/stream"
	"usher/auth/gateway/swap"
	"usher/auth/gateway/web"
	"usher/internal/panics"
	"usher/metrics"
)

// Door is the name of this door in logs and metrics.
const Door = login.Door

// The paths of Prosody's own modules.
const (
	WebSocketPath = "/xmpp-websocket" // mod_websocket
	BOSHPath      = "/http-bind"      // mod_bosh
)

// Settings are what a reload may change.
type Settings = proxy.Settings

// HostSettings are those of one virtual host.
type HostSettings = proxy.HostSettings

// The kinds of hosts.
const (
	Unlisted  = proxy.Unlisted
	Tickets   = proxy.Tickets
	Relayed   = proxy.Relayed
	Guests    = proxy.Guests
	Passwords = proxy.Passwords
)

// The limits that a [Settings] with zeros has.
const (
	DefaultConnections           = proxy.DefaultConnections
	DefaultConnectionsPerAddress = proxy.DefaultConnectionsPerAddress
	DefaultMessageBytes          = proxy.DefaultMessageBytes
)

// An Authenticator makes tickets for logins that are under way, and remembers the
// accounts of streams that may be resumed.
type Authenticator interface {
	login.Tickets
	stream.Memory
}

// A Joiner is told of a join before Prosody is. It sets the affiliation that the
// account is to have in the room, and returns at the latest when ctx ends.
type Joiner = stream.Joiner

// SignIn is what signs people in and gives them a token.
type SignIn interface {
	// Serves reports whether a path is one of its own.
	Serves(path string) bool
	// ServeSignIn answers a request for one of them, which came from an address: what counts as one client's, or
	// invalid where that is not known.
	ServeSignIn(w http.ResponseWriter, r *http.Request, from netip.Prefix)
}

// Options are the collaborators and deadlines of a [Server].
type Options struct {
	Auth  Authenticator
	Rooms Joiner // nil: joins pass unseen

	// Of hosts whose Prosody verifies inner tokens. Relay must not be nil if the settings
	// have one.
	Relay      RelayLogins
	RelayRooms RelayRooms    // nil: Prosody alone decides about joins
	Component  func() string // the address of usher's component, or empty; nil: there is none
	Swap       *swap.Key     // authenticates refusals that are on their way; nil: one of this process

	Log     *slog.Logger     // nil: no log
	Metrics *metrics.Gateway // nil: no figures

	// WebLogins and WebRooms decide about what Jitsi's page asks by plain HTTP. nil:
	// nothing of that is served.
	WebLogins web.Logins
	WebRooms  web.Rooms

	// SignIn serves people who have no token yet; nil: nobody does.
	SignIn SignIn

	Panics      *panics.Reporter // nil: nothing is written
	HeaderBytes int              // of a request, with the token in it. Zero means 32 KiB.

	// HandshakeTimeout is for a request's header to be here, and for Prosody to
	// accept the connection. Zero means 10 s.
	HandshakeTimeout time.Duration
	// LoginTimeout is for a client to log in. Zero means 60 s.
	LoginTimeout time.Duration
	// A client that was silent for PingAfter is pinged; after IdleTimeout its
	// session ends. Zero means 60 s and 150 s.
	PingAfter, IdleTimeout time.Duration
	// WriteTimeout is for either side to take a piece of 16 KiB. Zero means 15 s.
	WriteTimeout time.Duration
	// JoinTimeout is how long a join waits for the Joiner. Zero means 200 ms.
	JoinTimeout time.Duration
	// LingerTimeout is for a client to read why its session ended. Zero means 1 s.
	LingerTimeout time.Duration
}

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = metrics.New("").Gateway()
	}
	o.HeaderBytes = cmp.Or(o.HeaderBytes, 32<<10)
	o.HandshakeTimeout = cmp.Or(o.HandshakeTimeout, 10*time.Second)
	o.LoginTimeout = cmp.Or(o.LoginTimeout, 60*time.Second)
	o.PingAfter = cmp.Or(o.PingAfter, 60*time.Second)
	o.IdleTimeout = cmp.Or(o.IdleTimeout, 150*time.Second)
	o.WriteTimeout = cmp.Or(o.WriteTimeout, 15*time.Second)
	o.JoinTimeout = cmp.Or(o.JoinTimeout, 200*time.Millisecond)
	o.LingerTimeout = cmp.Or(o.LingerTimeout, time.Second)
	return o
}
