package gateway

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"usher/auth/gateway/websocket"
	"usher/metrics"
)

// webSocket opens the connection to Prosody, then the client's, and leaves
// both to a session.
func (q *request) webSocket() {
	free, ok := q.Take()
	if !ok {
		return
	}
	l := q.login // a copy: the request shall not outlive this
	s := &session{Server: q.Server, settings: q.Settings, free: free, began: time.Now(), login: &l}
	s.share = q.Share(&q.budget)
	protocol, ok := q.dial(s)
	if !ok {
		free()
		return
	}
	if err := s.client.Accept(q.W, q.R, protocol, q.WriteTimeout, s.ofClient()); err != nil {
		q.Count(metrics.RefusedRequest)
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
	ctx, cancel := context.WithTimeout(q.R.Context(), q.HandshakeTimeout)
	defer cancel()
	protocol, err := s.prosody.Dial(ctx, websocket.Request{
		Address: q.Target("ws").String(), Host: q.R.Host, Header: q.Forwarded(), Protocols: websocket.Protocols(q.R.Header),
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
		q.Refuse(http.StatusBadGateway, metrics.RefusedUpstream,
			"Prosody has no WebSocket endpoint for this host: is mod_websocket enabled, and the Host header one of its hosts?")
	case errors.Is(err, websocket.StatusError(http.StatusNotImplemented)):
		q.Refuse(http.StatusNotImplemented, metrics.RefusedRequest, notXMPP)
	case errors.Is(err, websocket.ErrProtocol):
		q.Refuse(http.StatusBadRequest, metrics.RefusedRequest, notXMPP)
	default:
		q.Unreachable(err)
	}
}
