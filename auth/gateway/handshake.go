package gateway

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gobwas/ws"

	"usher/metrics"
)

// wantsUpgrade reports whether a request opens a WebSocket. Whether it does so
// rightly is found out later.
func wantsUpgrade(r *http.Request) bool {
	return r.Method == http.MethodGet && r.Header.Get("Sec-WebSocket-Key") != ""
}

// webSocket opens the connection to Prosody, then the client's, and leaves
// both to a session.
func (q *request) webSocket() {
	free, ok := q.place()
	if !ok {
		return
	}
	l := q.login // a copy: the request shall not outlive this
	s := &session{Server: q.Server, settings: q.settings, free: free, began: time.Now(), login: &l, share: q.share(q.settings, q.from)}
	protocol, ok := q.dial(s)
	if !ok {
		free()
		return
	}
	if !q.upgrade(s, protocol) {
		_ = s.prosody.conn.Close()
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
	answered := 0
	d := ws.Dialer{
		Host: q.r.Host, Header: ws.HandshakeHeaderHTTP(q.forwarded()), Protocols: protocols(q.r.Header),
		ReadBufferSize: readBytes, WriteBufferSize: 4 * readBytes,
		OnStatusError: func(status int, _ []byte, _ io.Reader) { answered = status },
	}
	conn, early, hs, err := d.Dial(ctx, q.target("ws").String())
	if err != nil {
		q.notConnected(answered, err)
		return "", false
	}
	s.prosody.open(conn, take(early), ws.StateClientSide, 0, q.WriteTimeout)
	return hs.Protocol, true
}

// notConnected tells the client what Prosody said, and the operator what to
// look at.
func (q *request) notConnected(status int, err error) {
	switch {
	case status == http.StatusNotFound:
		q.refuse(http.StatusBadGateway, metrics.RefusedUpstream, "Prosody has no WebSocket endpoint for this host: is mod_websocket enabled, and the Host header one of its hosts?")
	case status == http.StatusNotImplemented:
		q.refuse(http.StatusNotImplemented, metrics.RefusedRequest, "the client does not ask for the WebSocket protocol xmpp (RFC 7395)")
	case errors.Is(err, ws.ErrHandshakeBadSubProtocol):
		q.refuse(http.StatusBadRequest, metrics.RefusedRequest, "the client does not ask for the WebSocket protocol xmpp (RFC 7395)")
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

// take empties a reader of what it has, and gives it back to the library.
func take(r *bufio.Reader) []byte {
	if r == nil {
		return nil
	}
	early, _ := r.Peek(r.Buffered())
	early = append([]byte(nil), early...)
	ws.PutReader(r)
	return early
}

// upgrade answers the client's handshake with the protocol that Prosody chose.
func (q *request) upgrade(s *session, protocol string) bool {
	u := ws.HTTPUpgrader{
		Timeout: q.WriteTimeout, Header: q.w.Header(),
		Protocol: func(p string) bool { return p == protocol },
	}
	conn, rw, _, err := u.Upgrade(q.r, q.w)
	if err != nil {
		q.Metrics.Refused(metrics.RefusedRequest)
		if conn != nil {
			_ = conn.Close()
		}
		return false
	}
	early, _ := rw.Reader.Peek(rw.Reader.Buffered())
	s.client.open(conn, early, ws.StateServerSide, q.IdleTimeout, q.WriteTimeout)
	return true
}

// protocols are the client's subprotocols, in its order.
func protocols(h http.Header) (list []string) {
	for _, line := range h.Values("Sec-WebSocket-Protocol") {
		for p := range strings.SplitSeq(line, ",") {
			if p = strings.Trim(p, " \t"); p != "" {
				list = append(list, p)
			}
		}
	}
	return list
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
