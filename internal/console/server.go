package console

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"path"
	"slices"
	"sync/atomic"

	"usher/internal/admin"
	"usher/internal/console/access"
	"usher/internal/console/route"
	"usher/internal/httpd"
	"usher/internal/ratelimit"
)

// usualBytes bounds the body of a form, in bytes.
const usualBytes = 64 << 10

// Tokens verify those that make an operator (console.admins).
type Tokens interface {
	// Prove returns whom a token makes an operator. The error says for the log why it makes none.
	Prove(ctx context.Context, token string) (access.Operator, error)
}

// Options are what a [Server] stands on. All but Log are wanted.
type Options struct {
	State  *access.State
	Tokens Tokens
	Look   route.Look
	Routes []route.Route
	Audit  func(context.Context, admin.Change) // of who came and who left
	Log    *slog.Logger
}

// A Server answers the console's requests. It refuses all of them before a [Prepared] is committed.
type Server struct {
	Options
	mux      *http.ServeMux
	settings atomic.Pointer[settings]
	failed   ratelimit.Log
}

// New returns a server of some routes, besides its own. A route for nobody, or one that is there twice for the same
// viewers, is an error.
func New(o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{Options: o, mux: http.NewServeMux()}
	byPattern := map[string][]route.Route{}
	for _, r := range slices.Concat(s.own(), o.Routes) {
		if r.For == 0 || (r.Serve == nil) == (r.Events == nil) || r.Events != nil && r.For.LetsAnybody() {
			return nil, fmt.Errorf("the route %s is for nobody, or does nothing", r.Pattern)
		}
		for _, other := range byPattern[r.Pattern] {
			if r.For&other.For != 0 {
				return nil, fmt.Errorf("the route %s is there twice", r.Pattern)
			}
		}
		byPattern[r.Pattern] = append(byPattern[r.Pattern], r)
	}
	for pattern, routes := range byPattern {
		s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.serve(routes, w, r) })
	}
	return s, nil
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	secure(w.Header())
	c := s.settings.Load()
	at, why := c.arrivalOf(r)
	r = r.WithContext(context.WithValue(r.Context(), arrivalKey{}, at))
	if why == nil {
		why = c.sameOrigin(r)
	}
	if why == nil {
		if why = s.known(r); why != nil {
			r, _, _ = s.withViewer(r) // who has entered can go on from there
		}
	}
	if why != nil {
		s.refuse(w, r, why)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// withViewer has a request tell whose it is, if it is of a session.
func (s *Server) withViewer(r *http.Request) (of *http.Request, v access.Viewer, known bool) {
	if v, known = s.viewerOf(r); known {
		r = r.WithContext(access.NewContext(r.Context(), v))
	}
	return r, v, known
}

// known refuses what no route answers.
func (s *Server) known(r *http.Request) *refusal {
	if !slices.Contains(methods(), r.Method) {
		return wrongMethod
	}
	if r.URL.Path != path.Clean(r.URL.Path) { // the mux would answer with another address
		return noPage
	}
	if _, pattern := s.mux.Handler(r); pattern != "" {
		return nil
	}
	for _, method := range methods() {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := s.mux.Handler(other); pattern != "" {
			return wrongMethod
		}
	}
	return noPage
}

func methods() []string { return []string{http.MethodGet, http.MethodHead, http.MethodPost} }

// serve answers by the one of some routes that is for the viewer.
func (s *Server) serve(routes []route.Route, w http.ResponseWriter, r *http.Request) {
	r, v, known := s.withViewer(r)
	i := slices.IndexFunc(routes, func(o route.Route) bool { return o.For.LetsAnybody() || known && o.For.Lets(v) })
	if i < 0 {
		s.keepOut(w, r, routes[0], known)
		return
	}
	o := routes[i]
	take := s.State.Request
	if o.Events != nil {
		take = s.State.Stream
	}
	done, why := admit(take, r, v, !o.For.LetsAnybody())
	if why == nil {
		defer done()
		why = parse(w, r, o.Bytes)
	}
	switch {
	case why != nil:
		s.refuse(w, r, why)
	case o.Events != nil:
		s.stream(o, w, r, v)
	default:
		o.Serve(w, r)
	}
}

// admit takes a place for a request, before its body is read: whoever has a session may not hold all connections by
// sending slowly. What a stranger may ask as well needs no place, as its connection may be closed for another: each
// page has styles and a script, and a browser that starts opens many at once.
func admit(take func(access.Viewer) (func(), error), r *http.Request, v access.Viewer, own bool) (func(), *refusal) {
	if !own {
		return func() {}, nil
	}
	done, err := take(v)
	switch {
	case errors.Is(err, access.ErrEnded):
		return nil, nobody
	case err != nil:
		return nil, tooMany
	}
	httpd.Admit(r.Context())
	return done, nil
}

// keepOut answers who may not see a page.
func (s *Server) keepOut(w http.ResponseWriter, r *http.Request, o route.Route, known bool) {
	switch {
	case known && r.URL.Path == "/": // of a moderator
		http.Redirect(w, r, "/lobby", http.StatusSeeOther)
	case known && r.URL.Path == "/lobby" && r.Method != http.MethodPost: // of an operator, whose page of lobbies is another
		http.Redirect(w, r, "/waiting", http.StatusSeeOther)
	case known:
		s.refuse(w, r, notYours)
	case r.Method != http.MethodPost && o.Events == nil && len(r.CookiesNamed(cookieName(arrivalOf(r)))) > 0:
		http.Redirect(w, r, "/enter?ended", http.StatusSeeOther)
	case r.Method != http.MethodPost && o.Events == nil:
		http.Redirect(w, r, "/enter", http.StatusSeeOther)
	default:
		s.refuse(w, r, nobody)
	}
}

// parse reads a form, and refuses any other body.
func parse(w http.ResponseWriter, r *http.Request, most int64) *refusal {
	if r.Method != http.MethodPost {
		return nil
	}
	if most == 0 {
		most = usualBytes
	}
	r.Body = http.MaxBytesReader(w, r.Body, most)
	err := r.ParseForm()
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err != nil:
	case kind == "multipart/form-data":
		err = r.ParseMultipartForm(most) // of which nothing gets to the disk
	case kind != "application/x-www-form-urlencoded" && r.ContentLength != 0:
		return noForm
	}
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return tooLarge
	}
	if err != nil {
		return noForm
	}
	return nil
}
