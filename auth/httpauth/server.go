package httpauth

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"

	"usher/auth"
	"usher/internal/httpd"
	"usher/internal/panics"
	"usher/internal/ratelimit"
)

// Door is the name of all of them together.
const Door = "http"

// The names of the doors in logs and metrics, by the module that asks.
const (
	DoorHTTP       = "http"        // mod_auth_http
	DoorHTTPAsync  = "http_async"  // mod_auth_http_async
	DoorCustomHTTP = "custom_http" // mod_auth_custom_http
	DoorOAuth      = "oauth"       // mod_auth_oauth_external
	DoorTicket     = "ticket"
)

// An Authenticator decides about logins, gives tickets and knows which
// accounts there are. The errors are [*auth.Refusal].
type Authenticator interface {
	Authenticate(ctx context.Context, c auth.Credentials) (auth.Identity, error)
	IssueTicket(ctx context.Context, c auth.Credentials) (auth.Ticket, error)
	Exists(host, name string) bool
}

// Settings say who may ask. A reload may change them.
type Settings struct {
	Secret   string   // what every request must carry; empty admits nobody unless Insecure
	Insecure bool     // no secret is asked for
	Hosts    []string // what the Host header may be, exactly, but for letter case
}

// A Server is the HTTP door. It admits nobody before [Server.Configure].
// Limits on headers, time and connections are the http.Server's around it.
type Server struct {
	Auth Authenticator
	Log  *slog.Logger // nil: no log

	// Panics writes down what the code does not survive; the request is refused.
	Panics *panics.Reporter // nil: nothing is written

	// MaxBody bounds a request's body in bytes. Zero means 128 KiB.
	MaxBody int64

	// Rooms answers what is under /muc/; nil answers nothing. Who may ask is
	// found out before it is asked.
	Rooms http.Handler

	settings atomic.Pointer[settings]
	stopped  ratelimit.Log
}

// settings is Settings made ready, and immutable.
type settings struct {
	secret   [sha256.Size]byte
	insecure bool
	closed   bool // there is no secret that could be right
	hosts    map[string]bool
}

// Configure puts settings in force. A request sees the old ones or the new.
func (s *Server) Configure(c Settings) {
	next := &settings{secret: sha256.Sum256([]byte(c.Secret)), insecure: c.Insecure, closed: c.Secret == "", hosts: map[string]bool{}}
	for _, h := range c.Hosts {
		next.hosts[strings.ToLower(h)] = true
	}
	s.settings.Store(next)
}

// A request is one on its way through an endpoint.
type request struct {
	*Server
	w     http.ResponseWriter
	r     *http.Request
	door  string
	query params // without key
}

// ServeHTTP admits a request and hands it to its endpoint. It always answers,
// and never with what a module could take for a yes by mistake.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.Panics.Serve(Door, w, r, s.serve, s.refusePanic)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	e, known := endpointOf(r.URL.Path)
	query, problem := parseParams(r.URL.RawQuery)
	if stop := s.settings.Load().admit(r, query["key"], e.usersHeader); stop != nil {
		s.refuseAdmission(w, stop)
		return
	}
	delete(query, "key")
	httpd.Admit(r.Context())
	if s.Rooms != nil && strings.HasPrefix(r.URL.Path, roomsPrefix) {
		s.Rooms.ServeHTTP(w, r)
		return
	}
	r.Pattern = e.pattern(r.URL.Path)
	q := &request{Server: s, w: w, r: r, door: e.door, query: query}
	switch serve := e.methods[r.Method]; {
	case !known:
		q.text(http.StatusNotFound, "no such path\n")
	case serve == nil:
		h.Set("Allow", e.allow())
		q.text(http.StatusMethodNotAllowed, "no such method\n")
	case problem != nil:
		q.refuse(q.malformed(problem))
	default:
		serve(q)
	}
}

// refusePanic answers for an endpoint that panicked, in its own form.
func (s *Server) refusePanic(w http.ResponseWriter, r *http.Request) {
	e, _ := endpointOf(r.URL.Path)
	q := &request{Server: s, w: w, r: r, door: e.door}
	q.refuse(auth.Refuse(auth.ReasonInternalError, "a panic; look at the log and report it"))
}
