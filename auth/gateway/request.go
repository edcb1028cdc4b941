package gateway

import (
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"usher/auth/gateway/budget"
	"usher/auth/gateway/login"
	"usher/auth/gateway/websocket"
	"usher/internal/httpd"
	"usher/metrics"
)

// A request is one on its way through the gateway. Its token has been taken
// out of it.
type request struct {
	*Server
	settings *Settings
	w        http.ResponseWriter
	r        *http.Request
	from     client
	login    login.Credentials
	query    string // what goes on to Prosody
	why      string // the answer that ended its session of BOSH, with a reason
}

// ServeHTTP lets requests for Prosody's two endpoints through.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.Panics.Serve(Door, w, r, s.serve, func(w http.ResponseWriter, r *http.Request) {
		q := &request{Server: s, w: w, r: r}
		q.refuse(http.StatusInternalServerError, metrics.RefusedPanic, "the request could not be served")
	})
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	q := &request{Server: s, settings: s.settings.Load(), w: w, r: r}
	if r.ContentLength != 0 { // else the deadline would end what is not a body
		_ = q.control().SetReadDeadline(time.Now().Add(s.HandshakeTimeout))
	}
	if q.settings == nil {
		q.refuse(http.StatusServiceUnavailable, metrics.RefusedStopped, "not configured yet")
		return
	}
	q.from = q.settings.clientOf(r)
	switch {
	case r.URL.Path != WebSocketPath && r.URL.Path != BOSHPath:
		q.refuse(http.StatusNotFound, metrics.RefusedRequest, "no such path")
		return
	case !q.settings.allows(r):
		q.refuseOrigin()
		return
	}
	r.Pattern = r.URL.Path
	q.login, q.query = login.Take(r)
	q.login.Guests = q.settings.Guests
	q.allowOrigin()
	switch {
	case preflight(r):
		q.answerPreflight()
	case r.URL.Path == WebSocketPath && websocket.Wanted(r):
		q.webSocket()
	case r.URL.Path == BOSHPath && r.Method == http.MethodPost:
		q.post()
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		q.pass()
	default:
		w.Header().Set("Allow", "GET, HEAD, POST, OPTIONS")
		q.refuse(http.StatusMethodNotAllowed, metrics.RefusedRequest, "no such method here")
	}
}

// place takes a place, or answers that there is none.
func (q *request) place() (free func(), ok bool) {
	if free, ok = q.placeIn(&q.places); ok {
		httpd.Admit(q.r.Context())
	}
	return free, ok
}

func (q *request) placeIn(p *places) (free func(), ok bool) {
	free, full := p.take(q.settings, q.from)
	switch full {
	case 0:
		return free, true
	case metrics.RefusedAddress:
		q.refuse(http.StatusTooManyRequests, full, "too many connections from this address (gateway.max_connections_per_address)")
	default:
		q.refuse(http.StatusServiceUnavailable, full, "too many connections (gateway.max_connections)")
	}
	return nil, false
}

// share is the part of the budget that a new session has.
func (q *request) share() *budget.Share {
	var group netip.Prefix
	if q.settings.known(q.from) {
		group = q.from.group()
	}
	return q.budget.Share(group, q.settings.MessageBytes)
}

func (q *request) control() *http.ResponseController { return http.NewResponseController(q.w) }

// patience bounds the time for an answer to be taken.
func (q *request) patience(length int64) {
	// What is no connection has no deadline either.
	_ = q.control().SetWriteDeadline(time.Now().Add(q.WriteTimeout + time.Duration(max(length, 0)/websocket.Slowest)*time.Second))
}

// refuse answers instead of Prosody. The text is a constant: nothing that came
// from outside is in it. What is to be known besides goes into the log alone.
func (q *request) refuse(status int, why metrics.Refusal, text string, more ...slog.Attr) {
	q.Metrics.Refused(why)
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		q.w.Header().Set("Retry-After", "2")
	}
	q.patience(0)
	http.Error(q.w, text, status)
	if n, now := q.refused.Allow(); now {
		q.Log.LogAttrs(q.r.Context(), slog.LevelWarn, "a request to the gateway did not pass", append([]slog.Attr{slog.String("reason", why.String()),
			slog.String("cause", text), slog.String("address", q.from.String()), slog.Int("not_logged", n)}, more...)...)
	}
}
