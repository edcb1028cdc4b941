package bosh

import (
	"context"
	"net/http"
	"time"

	"golang.org/x/sync/semaphore"

	"usher/auth/gateway/budget"
	"usher/auth/gateway/login"
	"usher/auth/gateway/proxy"
	"usher/auth/gateway/relay"
	"usher/internal/panics"
	"usher/metrics"
)

// A Joiner is told of a join before Prosody is, and returns at the latest when
// ctx ends. The user is a bare JID, the room as the client writes it. It returns the
// reason for which the join is refused here, or nothing: then Prosody decides.
type Joiner interface {
	BeforeJoin(ctx context.Context, user, room string) (refused string)
}

// Options are the collaborators and deadlines of a [Handler]. All but Rooms and
// Panics must be set.
type Options struct {
	Exchange  *login.Exchange
	Rooms     Joiner         // nil: joins pass unseen
	Relays    *relay.Streams // of hosts whose Prosody verifies inner tokens
	Metrics   *metrics.Gateway
	Panics    *panics.Reporter // nil: nothing is written
	Budget    *budget.Budget   // for bodies that are held
	Transport http.RoundTripper

	// Go runs f in a goroutine that its owner waits for, and reports whether it
	// does: at the stop it does not.
	Go func(func(context.Context)) bool

	FarewellTimeout time.Duration // for Prosody to be told that a session is over
	LoginTimeout    time.Duration // for a client to log in
	JoinTimeout     time.Duration // for Rooms
}

// A Handler serves the requests of BOSH, and knows their sessions.
type Handler struct {
	Options
	sessions  table
	farewells *semaphore.Weighted
}

// New returns a handler without sessions.
func New(o Options) *Handler {
	return &Handler{
		Options: o, farewells: semaphore.NewWeighted(maxFarewells),
		sessions: table{
			metrics: o.Metrics, cancel: o.Exchange.Cancel, login: o.LoginTimeout,
			dropped: (*session).dropped, bySID: map[string]*session{},
		},
	}
}

// Serve answers a POST to Prosody's BOSH endpoint.
func (h *Handler) Serve(r *proxy.Request, c login.Credentials) {
	(&request{Handler: h, Request: r, login: c}).serve()
}

// Sweep forgets sessions that were silent for long, and ends those that did not
// log in in time.
func (h *Handler) Sweep(now time.Time) { h.sessions.sweep(now) }

// Sessions returns how many there are.
func (h *Handler) Sessions() int { return h.sessions.len() }

// maxFarewells bounds the ends that are told to Prosody at the same time. Prosody
// ends a session by itself of whose end it is not told.
const maxFarewells = 64
