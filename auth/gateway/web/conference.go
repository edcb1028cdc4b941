package web

import (
	"net/http"

	"usher/auth/gateway/proxy"
	"usher/auth/gateway/relay"
	"usher/internal/strictjson"
	"usher/metrics"
)

// conference serves a request to jicofo for a conference. Jitsi's client knows two
// answers besides jicofo's own: 403, after which it waits for the host, offers a login
// and tries again; and any other error, after which it gives up and says so.
func (q *request) conference() {
	if q.R.Method != http.MethodPost {
		q.W.Header().Set("Allow", "POST, OPTIONS")
		q.Refuse(http.StatusMethodNotAllowed, metrics.RefusedRequest, "no such method here")
		return
	}
	body, ok := q.body()
	if !ok {
		return
	}
	room, ok := roomIn(body)
	if !ok {
		q.Refuse(http.StatusBadRequest, metrics.RefusedRequest, "the body is no JSON object with a text as room")
		return
	}
	host := q.Rooms.HostOf(room)
	settings, _ := q.Settings.Host(host)
	if settings.Kind != proxy.Relayed {
		q.Refuse(http.StatusNotFound, metrics.RefusedRequest, "the room is of no host that has a relay")
		return
	}
	if settings.Jicofo == nil {
		q.Refuse(http.StatusNotFound, metrics.RefusedRequest, "conferences are asked for by XMPP here: take "+
			"conferenceRequestUrl out of the page's config.js, or set relay.jicofo")
		return
	}
	q.askJicofo(settings, host, room, body)
}

// askJicofo sends the request on if its login may join the room.
func (q *request) askJicofo(settings proxy.HostSettings, host, room string, body []byte) {
	l, ok := q.begin(host, "", "")
	if !ok {
		return
	}
	if answer := q.Rooms.MayAsk(q.R.Context(), l.ID, room); !answer.Allowed {
		q.refuseRoom(statusOf(answer), answer.Text)
		return
	}
	if _, ok := q.sendInner(l); !ok { // jicofo reads user and group from it, without verifying it
		return
	}
	q.Upstream, q.Query = settings.Jicofo, ""
	q.Forward(body, nil, nil)
}

// statusOf is 403 where a login helps, or time.
func statusOf(a relay.JoinAnswer) int {
	if a.NotStarted || a.Login {
		return http.StatusForbidden
	}
	return http.StatusBadRequest
}

// roomIn reads which room a request is for. jicofo's reader takes the last of two
// members of one name; here that is an error.
func roomIn(body []byte) (room string, ok bool) {
	var d strictjson.Document
	if d.Read(body) != nil {
		return "", false
	}
	n := d.Get("room")
	if n == nil || n.Kind != '"' || len(n.Text) == 0 {
		return "", false
	}
	return string(n.Text), true
}
