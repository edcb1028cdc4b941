package gateway

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"usher/auth"
	"usher/internal/occasion"
	"usher/metrics"
)

// Door is the name of this door in logs and metrics.
const Door = "gateway"

// The paths of Prosody's own modules.
const (
	WebSocketPath = "/xmpp-websocket" // mod_websocket
	BOSHPath      = "/http-bind"      // mod_bosh
)

// An Authenticator makes tickets for logins that are under way.
type Authenticator interface {
	// IssueTicket decides about a login; the error is an [*auth.Refusal].
	IssueTicket(ctx context.Context, c auth.Credentials) (auth.Ticket, error)
	// CancelTicket drops a ticket, unless it was used.
	CancelTicket(text string)
	// TicketWaits reports whether a ticket was not used yet.
	TicketWaits(text string) bool
	// Remember has the account of a ticket be taken again when the stream that
	// logged in with it is resumed. Once it returns nil that survives a killed
	// daemon.
	Remember(ctx context.Context, t auth.Ticket, resumption string) error
}

// A Joiner is told of a join before Prosody is. It sees to it that the user is
// by then to the room what he is to be, and returns at the latest when ctx ends.
type Joiner interface {
	BeforeJoin(ctx context.Context, user, room string)
}

// Options are the collaborators and deadlines of a [Server].
type Options struct {
	Auth    Authenticator
	Rooms   Joiner           // nil: joins pass unseen
	Log     *slog.Logger     // nil: no log
	Metrics *metrics.Gateway // nil: no figures

	ErrorLog    *log.Logger // for net/http; nil: none
	HeaderBytes int         // of a request, with the token in it. Zero means 32 KiB.

	// HandshakeTimeout is for a request's header to be here, and for Prosody to
	// accept the connection. Zero means 10 s.
	HandshakeTimeout time.Duration
	// LoginTimeout is for a client to log in. Zero means 60 s.
	LoginTimeout time.Duration
	// A client that was silent for PingAfter is asked whether it is there, and
	// after IdleTimeout it is taken for gone. Zero means 60 s and 150 s.
	PingAfter, IdleTimeout time.Duration
	// WriteTimeout is for either side to take a piece of 16 KiB. Zero means 15 s.
	WriteTimeout time.Duration
	// JoinTimeout is how long a join waits for the Joiner. Zero means 200 ms.
	JoinTimeout time.Duration
	// LingerTimeout is for a client to take note of the end of its session. Zero
	// means 1 s.
	LingerTimeout time.Duration
}

// A Server is the gateway. It passes nothing before [Server.Configure].
type Server struct {
	Options

	settings  atomic.Pointer[Settings]
	places    places
	refused   occasion.Gate       // to be logged
	budget    *semaphore.Weighted // bytes of messages that have to be held whole
	sessions  sessionTable
	bosh      boshTable
	transport http.RoundTripper // to Prosody's HTTP server
	proxy     http.Handler
}

// New returns a gateway.
func New(o Options) *Server {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = metrics.New("").Gateway()
	}
	if o.ErrorLog == nil {
		o.ErrorLog = log.New(io.Discard, "", 0)
	}
	o.HeaderBytes = cmp.Or(o.HeaderBytes, 32<<10)
	o.HandshakeTimeout = cmp.Or(o.HandshakeTimeout, 10*time.Second)
	o.LoginTimeout = cmp.Or(o.LoginTimeout, 60*time.Second)
	o.PingAfter = cmp.Or(o.PingAfter, 60*time.Second)
	o.IdleTimeout = cmp.Or(o.IdleTimeout, 150*time.Second)
	o.WriteTimeout = cmp.Or(o.WriteTimeout, 15*time.Second)
	o.JoinTimeout = cmp.Or(o.JoinTimeout, 200*time.Millisecond)
	o.LingerTimeout = cmp.Or(o.LingerTimeout, time.Second)
	s := &Server{Options: o, budget: semaphore.NewWeighted(budgetBytes), transport: newTransport()}
	s.bosh = boshTable{metrics: o.Metrics, cancel: s.cancel, bySID: map[string]*boshSession{}}
	s.proxy = newProxy(s.transport)
	return s
}

// Configure puts settings in force. A request sees the old ones or the new;
// sessions that have begun go on.
func (s *Server) Configure(c Settings) { s.settings.Store(c.withDefaults()) }

// The reasons for which a request does not pass ([metrics.GatewayRefusals]).
const (
	refusedOrigin      = "origin"
	refusedConnections = "connections"
	refusedAddress     = "address"
	refusedRequest     = "request"
	refusedUpstream    = "upstream"
	refusedStopped     = "stopped"
	refusedPanic       = "panic"
)

// A request is one on its way through the gateway. Its token has been taken
// out of it.
type request struct {
	*Server
	settings *Settings
	w        http.ResponseWriter
	r        *http.Request
	from     client
	login    login
	query    string // what goes on to Prosody
}

// ServeHTTP lets requests for Prosody's two endpoints through.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := &request{Server: s, settings: s.settings.Load(), w: w, r: r}
	defer s.recovered(func() { q.refuse(http.StatusInternalServerError, refusedPanic, "the request could not be served") })
	if r.ContentLength != 0 { // else the deadline would end what is not a body
		_ = q.control().SetReadDeadline(time.Now().Add(s.HandshakeTimeout))
	}
	if q.settings == nil {
		q.refuse(http.StatusServiceUnavailable, refusedStopped, "not configured yet")
		return
	}
	q.from = q.settings.clientOf(r)
	switch {
	case r.URL.Path != WebSocketPath && r.URL.Path != BOSHPath:
		q.refuse(http.StatusNotFound, refusedRequest, "no such path")
		return
	case !q.settings.allows(r):
		q.refuse(http.StatusForbidden, refusedOrigin, "pages of this origin may not connect (gateway.origins)")
		return
	}
	q.login, q.query = takeToken(r)
	q.login.guests = q.settings.Guests
	q.allowOrigin()
	switch {
	case preflight(r):
		q.answerPreflight()
	case r.URL.Path == WebSocketPath && wantsUpgrade(r):
		q.webSocket()
	case r.URL.Path == BOSHPath && r.Method == http.MethodPost:
		q.post()
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		q.pass()
	default:
		w.Header().Set("Allow", "GET, HEAD, POST, OPTIONS")
		q.refuse(http.StatusMethodNotAllowed, refusedRequest, "no such method here")
	}
}

// recovered is to be deferred where a panic shall end no more than what it is
// deferred in. The value is not logged: it may hold a token.
func (s *Server) recovered(then func()) {
	p := recover()
	if p == nil {
		return
	}
	if p == http.ErrAbortHandler { // the client went away while it was answered
		panic(p)
	}
	s.Log.Error("panic in the gateway", slog.String("type", fmt.Sprintf("%T", p)))
	then()
}

// place takes a place, or answers that there is none.
func (q *request) place() (free func(), ok bool) {
	free, full := q.places.take(q.settings, q.from)
	switch full {
	case "":
		return free, true
	case refusedAddress:
		q.refuse(http.StatusTooManyRequests, full, "too many connections from this address (gateway.max_connections_per_address)")
	default:
		q.refuse(http.StatusServiceUnavailable, full, "too many connections (gateway.max_connections)")
	}
	return nil, false
}

func (q *request) control() *http.ResponseController { return http.NewResponseController(q.w) }

// patience bounds the time for an answer to be taken.
func (q *request) patience(length int64) {
	// What is no connection has no deadline either.
	_ = q.control().SetWriteDeadline(time.Now().Add(q.WriteTimeout + time.Duration(max(length, 0)/slowest)*time.Second))
}

// refuse answers instead of Prosody. The text is a constant: nothing that came
// from outside is in it.
func (q *request) refuse(status int, reason, text string) {
	q.Metrics.Refused(reason)
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		q.w.Header().Set("Retry-After", "2")
	}
	q.patience(0)
	http.Error(q.w, text, status)
	if n, now := q.refused.Now(); now {
		q.Log.Warn("a request to the gateway did not pass", slog.String("reason", reason), slog.String("cause", text),
			slog.String("address", q.from.address.String()), slog.Int("not_logged", n))
	}
}
