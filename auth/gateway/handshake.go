package gateway

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"usher/auth/gateway/login"
	"usher/auth/gateway/proxy"
	"usher/auth/gateway/relay"
	"usher/auth/gateway/stream"
	"usher/auth/gateway/websocket"
	"usher/metrics"
)

// webSocket answers the client's handshake, and hands its connection to a session. The
// one to Prosody is opened when the client has said for which host it comes.
func (q *request) webSocket() {
	if !slices.Contains(websocket.Protocols(q.R.Header), stream.Protocol) {
		q.Refuse(http.StatusNotImplemented, metrics.RefusedRequest,
			"the client does not ask for the WebSocket protocol xmpp (RFC 7395)")
		return
	}
	release, ok := q.Reserve()
	if !ok {
		return
	}
	s := q.streams.New(stream.Client{
		Connect: q.connect, MessageBytes: q.Settings.MessageBytes, Share: q.Share(&q.budget), Release: release,
	})
	if err := s.Accept(q.W, q.R); err != nil {
		q.Count(metrics.RefusedRequest)
		release()
		return
	}
	s.Run()
}

// connect finds the way of a stream to the Prosody of its host.
func (q *request) connect(ctx context.Context, host string) (stream.Link, error) {
	way, known := q.Settings.Way(host)
	if !known {
		q.NoHost(host)
		return stream.Link{}, &stream.Refused{
			Reason: metrics.EndedPolicy, Condition: "host-unknown", Text: "There is no such server here.",
		}
	}
	q.Upstream = way.Upstream
	if way.Relayed {
		return q.relay(ctx, way)
	}
	link := stream.Link{Login: q.login}
	return q.dial(ctx, link)
}

// relay begins a login at a host whose Prosody verifies inner tokens.
func (q *request) relay(ctx context.Context, way proxy.Way) (stream.Link, error) {
	c, query, err := q.relays.Begin(ctx, q.arrival(way))
	if err != nil {
		return stream.Link{Failure: login.RelayFailure(err)}, nil
	}
	q.Query = query
	return q.dial(ctx, stream.Link{Relay: &c})
}

// arrival is what the connection brings for a relay.
func (q *request) arrival(way proxy.Way) relay.Arrival {
	return relay.Arrival{
		Host: way.Host, Main: way.Main, Token: q.login.Token, Resumption: q.login.Resumption,
		Problem: q.login.RelayProblem(way.Guest), Query: q.Query, EarlyGuests: way.EarlyGuests,
		Network: q.Network(),
	}
}

// dial connects to Prosody's mod_websocket, with the client's own headers.
func (q *request) dial(ctx context.Context, link stream.Link) (stream.Link, error) {
	conn, err := websocket.Dial(ctx, websocket.Request{
		Address: q.Target("ws").String(), Host: q.R.Host, Header: q.Forwarded(), Protocols: []string{stream.Protocol},
	}, q.streams.ProsodyOptions())
	if err != nil {
		q.notConnected(ctx, err)
		return stream.Link{}, &stream.Refused{
			Reason: metrics.EndedByProsody, Condition: "remote-connection-failed",
			Text: "The server cannot be reached. Try again in a minute.",
		}
	}
	link.Prosody = conn
	return link, nil
}

// notConnected tells the operator what to look at.
func (q *request) notConnected(ctx context.Context, err error) {
	const none = "Prosody has no WebSocket endpoint for this host: " +
		"is mod_websocket enabled, and the Host header one of its hosts?"
	switch {
	case errors.Is(err, websocket.StatusError(http.StatusNotFound)), errors.Is(err, websocket.ErrProtocol):
		q.Note(metrics.RefusedUpstream, none)
	case q.streams.Over():
		q.Count(metrics.RefusedStopped)
	default:
		q.NotReached(ctx, err)
	}
}

// RelayLogins know the logins of relay hosts.
type RelayLogins = relay.Logins

// RelayRooms decide who may join on relay hosts.
type RelayRooms = relay.Rooms

// End ends the streams of a relay's account, a bare JID, that was revoked, and tells the
// person why. It reports whether there is one.
func (s *Server) End(account, text string) (found bool) { return s.relays.End(account, text) }

// Cut has Prosody read anew what a relay's account, a bare JID, may do: its client
// resumes, or where that is not enough has to log in anew. It reports whether there is
// one.
func (s *Server) Cut(account string) (found bool) { return s.relays.Cut(account) }

// Addresses are the full JIDs of the clients of an account, a bare JID, that have a stream of a relay host now.
func (s *Server) Addresses(account string) []string { return s.relays.Addresses(account) }

// Review is Cut of those of a relay's accounts, bare JIDs, that have other rights than
// their streams were given.
func (s *Server) Review(accounts []string) { s.relays.Review(accounts) }

// ReviewAll is Review of all accounts.
func (s *Server) ReviewAll() { s.relays.ReviewAll() }
