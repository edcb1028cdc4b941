package gateway

import (
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"usher/auth/gateway/bosh"
	"usher/auth/gateway/budget"
	"usher/auth/gateway/login"
	"usher/auth/gateway/proxy"
	"usher/auth/gateway/relay"
	"usher/auth/gateway/stream"
	"usher/auth/gateway/web"
	"usher/internal/ratelimit"
)

// A Server is the gateway. It passes nothing before [Server.Configure].
type Server struct {
	Options

	settings atomic.Pointer[Settings]
	budget   budget.Budget
	proxy    *proxy.Proxy
	relays   *relay.Streams   // of hosts whose Prosody verifies inner tokens
	streams  *stream.Sessions // of WebSocket
	bosh     *bosh.Handler
	web      *web.Handler
	asked    chan struct{} // has something in it after a request

	// Of streams of revoked accounts whose connections are lost.
	ending, turns *semaphore.Weighted
	notEndedLog   ratelimit.Log
}

// New returns a gateway.
func New(o Options) *Server {
	o = o.withDefaults()
	s := &Server{Options: o, asked: make(chan struct{}, 1), ending: semaphore.NewWeighted(endingSoon),
		turns: semaphore.NewWeighted(endingNow)}
	exchange := &login.Exchange{Tickets: o.Auth, Panics: o.Panics}
	s.relays = relay.NewStreams(relay.Options{Door: Door, Logins: o.Relay, Rooms: o.RelayRooms,
		Component: o.Component, Swap: o.Swap, Log: o.Log, Finish: s.endLost})
	s.streams = stream.NewSessions(stream.Options{
		Exchange: exchange, Memory: o.Auth, Relays: s.relays, Rooms: o.Rooms,
		Log: o.Log, Metrics: o.Metrics, Panics: o.Panics,
		HandshakeTimeout: o.HandshakeTimeout, LoginTimeout: o.LoginTimeout, PingAfter: o.PingAfter,
		IdleTimeout:  o.IdleTimeout,
		WriteTimeout: o.WriteTimeout, JoinTimeout: o.JoinTimeout, LingerTimeout: o.LingerTimeout,
	})
	s.proxy = proxy.New(proxy.Options{
		Log: o.Log, Metrics: o.Metrics, WriteTimeout: o.WriteTimeout, Stopping: s.streams.Over,
	})
	s.bosh = bosh.New(bosh.Options{
		Exchange: exchange, Rooms: o.Rooms, Relays: s.relays, Metrics: o.Metrics, Panics: o.Panics,
		Budget: &s.budget, Transport: s.proxy.Transport, Go: s.streams.Go,
		FarewellTimeout: o.HandshakeTimeout, LoginTimeout: o.LoginTimeout, JoinTimeout: o.JoinTimeout,
	})
	s.web = &web.Handler{Logins: o.WebLogins, Rooms: o.WebRooms}
	return s
}

// Configure puts settings in force. A request sees the old ones or the new;
// sessions that have begun go on.
func (s *Server) Configure(c Settings) { s.settings.Store(c.WithDefaults()) }
