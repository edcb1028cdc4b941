package httpauth

import (
	"context"
	"net/http"

	"usher/auth"
	"usher/internal/panics"
)

// Door is the name of all doors of this package together.
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
	// Exists may wait until ctx ends. An error means that it cannot be told.
	Exists(ctx context.Context, host, name string) (bool, error)
}

// A Server is the HTTP door. Who may ask is for the [httpd.Admission] around it to
// say; limits on headers, time and connections are the http.Server's.
type Server struct {
	Auth Authenticator

	// Panics writes down what the code does not survive; the request is refused.
	Panics *panics.Reporter // nil: nothing is written

	// MaxBody bounds a request's body in bytes. Zero means 128 KiB.
	MaxBody int64
}

// A request is one on its way through an endpoint.
type request struct {
	*Server
	w     http.ResponseWriter
	r     *http.Request
	door  string
	query params // without key
}

// UsersHeader reports whether Authorization is the user's at a path, so that the
// secret of the door stands in the URL.
func UsersHeader(path string) bool {
	e, _ := endpointOf(path)
	return e.usersHeader
}

// ServeHTTP hands a request to its endpoint. It always answers, and never with
// what a module could take for a yes by mistake.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.Panics.Serve(Door, w, r, s.serve, s.refusePanic)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	e, known := endpointOf(r.URL.Path)
	query, problem := parseParams(r.URL.RawQuery)
	delete(query, "key")
	r.Pattern = e.pattern(r.URL.Path)
	q := &request{Server: s, w: w, r: r, door: e.door, query: query}
	switch {
	case !known:
		q.text(http.StatusNotFound, "no such path\n")
	case !e.takes(r.Method):
		w.Header().Set("Allow", e.methods)
		q.text(http.StatusMethodNotAllowed, "no such method\n")
	case problem != nil:
		q.refuse(q.malformed(problem))
	default:
		e.serve(q)
	}
}

// refusePanic answers for an endpoint that panicked, in its own form.
func (s *Server) refusePanic(w http.ResponseWriter, r *http.Request) {
	e, _ := endpointOf(r.URL.Path)
	q := &request{Server: s, w: w, r: r, door: e.door}
	q.refuse(auth.Refuse(auth.ReasonInternalError, "a panic; look at the log and report it"))
}
