package gateway

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"usher/auth/gateway/websocket"
	"usher/metrics"
)

// webSocket opens the connection to Prosody, then the client's, and leaves
// both to a session.
func (q *request) webSocket() {
	free, ok := q.place()
	if !ok {
		return
	}
	l := q.login // a copy: the request shall not outlive this
	s := &session{Server: q.Server, settings: q.settings, free: free, began: time.Now(), login: &l}
	s.share = q.share()
	protocol, ok := q.dial(s)
	if !ok {
		free()
		return
	}
	if err := s.client.Accept(q.w, q.r, protocol, q.WriteTimeout, s.ofClient()); err != nil {
		q.Metrics.Refused(metrics.RefusedRequest)
		_ = s.prosody.Close()
		free()
		return
	}
	if !q.sessions.start(s) { // it came while the others were told to stop
		var ending sync.WaitGroup
		ending.Go(func() { s.end(endStopped()) })
		s.run()
		ending.Wait()
	}
}

// dial connects to Prosody's mod_websocket, with the client's own headers, and
// returns the protocol that it chose.
func (q *request) dial(s *session) (protocol string, ok bool) {
	ctx, cancel := context.WithTimeout(q.r.Context(), q.HandshakeTimeout)
	defer cancel()
	protocol, err := s.prosody.Dial(ctx, websocket.Request{
		Address: q.target("ws").String(), Host: q.r.Host, Header: q.forwarded(), Protocols: websocket.Protocols(q.r.Header),
	}, s.ofProsody())
	if err != nil {
		q.notConnected(err)
		return "", false
	}
	return protocol, true
}

// notConnected tells the client what Prosody said, and the operator what to
// look at.
func (q *request) notConnected(err error) {
	const notXMPP = "the client does not ask for the WebSocket protocol xmpp (RFC 7395)"
	switch {
	case errors.Is(err, websocket.StatusError(http.StatusNotFound)):
		q.refuse(http.StatusBadGateway, metrics.RefusedUpstream,
			"Prosody has no WebSocket endpoint for this host: is mod_websocket enabled, and the Host header one of its hosts?")
	case errors.Is(err, websocket.StatusError(http.StatusNotImplemented)):
		q.refuse(http.StatusNotImplemented, metrics.RefusedRequest, notXMPP)
	case errors.Is(err, websocket.ErrProtocol):
		q.refuse(http.StatusBadRequest, metrics.RefusedRequest, notXMPP)
	default:
		q.unreachable(err)
	}
}

// unreachable answers instead of Prosody, who did not. A client of BOSH sends
// the request again.
func (q *request) unreachable(err error) {
	switch {
	case q.sessions.over():
		q.refuse(http.StatusServiceUnavailable, metrics.RefusedStopped, "usher is about to stop")
	case q.r.Context().Err() != nil: // the client is gone
	default:
		q.refuse(http.StatusBadGateway, metrics.RefusedUpstream, "Prosody cannot be reached (gateway.upstream)")
		q.Log.LogAttrs(q.r.Context(), slog.LevelDebug, "no answer of Prosody", slog.Any("err", cause(err)))
	}
}

// cause leaves the address out of an error of net/http: it may have a query.
func cause(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// target is Prosody's address for the request, without the token.
func (q *request) target(scheme string) *url.URL {
	u := *q.settings.Upstream
	if u.Scheme == "https" {
		scheme += "s"
	}
	u.Scheme, u.Path, u.RawQuery = scheme, q.r.URL.Path, q.query
	return &u
}
