package web

import (
	"cmp"
	"context"
	"net/http"
	"strings"

	"usher/auth"
	"usher/auth/gateway/login"
	"usher/auth/gateway/proxy"
	"usher/auth/gateway/relay"
	"usher/auth/relayauth"
	"usher/metrics"
)

// The paths that are served.
const (
	RoomInfoPath   = "/room-info"             // mod_muc_password_check
	RoomSizePath   = "/room-size"             // mod_muc_size
	RoomPath       = "/room"                  // mod_muc_size
	ConferencePath = "/conference-request/v1" // jicofo
)

// Serves reports whether a path is one of them.
func Serves(path string) bool {
	switch path {
	case RoomInfoPath, RoomSizePath, RoomPath, ConferencePath:
		return true
	}
	return false
}

// Logins verifies tokens, and makes those that go on. The error of Begin is an
// [*auth.Refusal].
type Logins interface {
	Begin(ctx context.Context, r relayauth.Request) (*relayauth.Login, error)
	InnerToken(ctx context.Context, l *relayauth.Login) (string, error)
}

// Rooms knows whose rooms there are, and decides who may ask about one before its
// client is connected.
type Rooms interface {
	// HostOf returns the virtual host whose room an address is, or nothing.
	HostOf(room string) string
	// RoomOf writes the address of a room of a host. The tenant may be empty.
	RoomOf(host, tenant, name string) string
	// MayAsk decides about a request by what its token says, without effects. Without
	// a token it is of a guest.
	MayAsk(ctx context.Context, id auth.Identity, room string) relay.JoinAnswer
}

// A Handler serves the requests. Without Logins and Rooms it refuses them.
type Handler struct {
	Logins Logins
	Rooms  Rooms
}

// A request is one on its way.
type request struct {
	*Handler
	*proxy.Request
	brings login.Credentials
}

// Serve answers a request for one of the paths. Its origin may ask.
func (h *Handler) Serve(r *proxy.Request, c login.Credentials) {
	q := &request{h, r, c}
	if h.Logins == nil || h.Rooms == nil || !r.Settings.Relays() {
		q.Refuse(http.StatusNotFound, metrics.RefusedRequest, "no such path: no host has a relay")
		return
	}
	release, ok := q.Reserve()
	if !ok {
		return
	}
	defer release()
	if q.R.URL.Path == ConferencePath {
		q.conference()
		return
	}
	q.aboutRoom()
}

// begin verifies what the request brings, for a host. If it returns false it has
// answered the request. A guest's request is one for the guest host.
func (q *request) begin(host, tenant, room string) (l *relayauth.Login, ok bool) {
	r := relayauth.Request{
		Credentials: auth.Credentials{Door: login.Door, Host: host, Token: q.brings.Token, Problem: q.brings.Problem},
		Room:        room, Tenant: tenant,
	}
	if q.brings.Token == "" && q.brings.Problem == nil {
		r.Guest = q.Settings.GuestsOf(host)
	}
	l, err := q.Logins.Begin(q.R.Context(), r)
	if err == nil {
		return l, true
	}
	reason := auth.RefusalOf(err).Reason
	if reason.Undecided() {
		q.Refuse(http.StatusServiceUnavailable, metrics.RefusedRequest, reason.LinkText())
	} else {
		q.Refuse(http.StatusForbidden, metrics.RefusedRequest, reason.LinkText())
	}
	return nil, false
}

// sendInner has an inner token go on in the place of the client's.
func (q *request) sendInner(l *relayauth.Login) (token string, ok bool) {
	token, err := q.Logins.InnerToken(q.R.Context(), l)
	if err != nil {
		q.Refuse(http.StatusServiceUnavailable, metrics.RefusedRequest, auth.RefusalOf(err).Reason.LinkText())
		return "", false
	}
	q.Inner = token
	return token, true
}

// relayHost finds the relay host that a request is for: the one that it names, or else
// that of the Host header, or the only one: proxies send whatever they are set up to send.
func (q *request) relayHost(named string) string {
	header, _, _ := strings.Cut(q.R.Host, ":")
	if h, name := q.Settings.Host(cmp.Or(named, header)); h.Kind == proxy.Relayed {
		return name
	}
	if named != "" {
		return ""
	}
	return q.Settings.OnlyRelay()
}
