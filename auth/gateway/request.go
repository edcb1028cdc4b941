package gateway

import (
	"net/http"
	"time"

	"usher/auth/gateway/login"
	"usher/auth/gateway/proxy"
	"usher/auth/gateway/web"
	"usher/auth/gateway/websocket"
	"usher/metrics"
)

// A request is one on its way through the gateway. Its token has been taken
// out of it.
type request struct {
	*Server
	*proxy.Request
	login login.Credentials
}

// ServeHTTP lets requests for Prosody's endpoints through, and for jicofo's.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case s.asked <- struct{}{}:
	default:
	}
	s.Panics.Serve(Door, w, r, s.serve, func(w http.ResponseWriter, r *http.Request) {
		q := s.proxy.Request(nil, w, r)
		q.Refuse(http.StatusInternalServerError, metrics.RefusedPanic, "the request could not be served")
	})
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	q := &request{Server: s, Request: s.proxy.Request(s.settings.Load(), w, r)}
	if r.ContentLength != 0 { // without a body the deadline would end the connection itself
		q.ReadBy(time.Now().Add(s.HandshakeTimeout))
	}
	switch {
	case q.Settings == nil:
		q.Refuse(http.StatusServiceUnavailable, metrics.RefusedStopped, "not configured yet")
		return
	case s.SignIn != nil && s.SignIn.Serves(r.URL.Path):
		q.signIn()
		return
	case r.URL.Path != WebSocketPath && r.URL.Path != BOSHPath && !web.Serves(r.URL.Path):
		q.Refuse(http.StatusNotFound, metrics.RefusedRequest, "no such path")
		return
	case !q.MayAsk():
		return
	}
	r.Pattern = r.URL.Path
	q.login, q.Query = login.Take(r)
	q.login.Guests, q.Token = q.Settings.Guests, q.login.Token
	q.route()
}

// signIn hands a request to the sign-in. No page of another origin may read what it answers.
func (q *request) signIn() {
	release, ok := q.Reserve()
	if !ok {
		return
	}
	defer release()
	q.WriteWithin(signInBytes)
	q.SignIn.ServeSignIn(q.W, q.R, q.Network())
}

// signInBytes is more than any answer of the sign-in has.
const signInBytes = 64 << 10

// route hands an admitted request to what serves it.
func (q *request) route() {
	switch r := q.R; {
	case proxy.Preflight(r):
		q.AnswerPreflight()
	case web.Serves(r.URL.Path):
		q.web.Serve(q.Request, q.login)
	case r.URL.Path == WebSocketPath && websocket.Wanted(r):
		q.webSocket()
	case r.URL.Path == BOSHPath && r.Method == http.MethodPost:
		q.bosh.Serve(q.Request, q.login)
	case r.Method == http.MethodGet || r.Method == http.MethodHead: // Jitsi's client asks so whether all is well
		q.Upstream = q.Settings.UpstreamFor(r.Host)
		q.Pass()
	default:
		q.W.Header().Set("Allow", "GET, HEAD, POST, OPTIONS")
		q.Refuse(http.StatusMethodNotAllowed, metrics.RefusedRequest, "no such method here")
	}
}
