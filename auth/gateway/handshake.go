package gateway

import (
	"context"
	"errors"
	"net/http"

	"usher/auth/gateway/stream"
	"usher/auth/gateway/websocket"
	"usher/metrics"
)

// webSocket opens the connection to Prosody, then the client's, and hands both to
// a session.
func (q *request) webSocket() {
	release, ok := q.Reserve()
	if !ok {
		return
	}
	s := q.streams.New(stream.Client{
		Login: q.login, MessageBytes: q.Settings.MessageBytes, Share: q.Share(&q.budget), Release: release,
	})
	protocol, ok := q.dial(s)
	if !ok {
		release()
		return
	}
	if err := s.Accept(q.W, q.R, protocol); err != nil {
		q.Count(metrics.RefusedRequest)
		release()
		return
	}
	s.Run()
}

// dial connects to Prosody's mod_websocket, with the client's own headers, and
// returns the protocol that it chose.
func (q *request) dial(s *stream.Session) (protocol string, ok bool) {
	ctx, cancel := context.WithTimeout(q.R.Context(), q.HandshakeTimeout)
	defer cancel()
	protocol, err := s.Dial(ctx, websocket.Request{
		Address: q.Target("ws").String(), Host: q.R.Host,
		Header: q.Forwarded(), Protocols: websocket.Protocols(q.R.Header),
	})
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
			"Prosody has no WebSocket endpoint for this host: "+
				"is mod_websocket enabled, and the Host header one of its hosts?")
	case errors.Is(err, websocket.StatusError(http.StatusNotImplemented)):
		q.Refuse(http.StatusNotImplemented, metrics.RefusedRequest, notXMPP)
	case errors.Is(err, websocket.ErrProtocol):
		q.Refuse(http.StatusBadRequest, metrics.RefusedRequest, notXMPP)
	default:
		q.Unreachable(err)
	}
}
