package gateway

import (
	"bytes"
	"context"

	"usher/auth/gateway/stanza"
)

// police reads a body strictly as long as nobody has logged in, and returns
// what goes on to Prosody. If nothing does it has answered.
func (q *request) police(b *boshSession, body []byte) ([]byte, bool) {
	if !q.login.policed() || b.loggedIn.Load() || b.unknown && !namesLogin(body) {
		return body, true
	}
	if len(body) > pieceBytes {
		q.terminate(badRequest)
		return nil, false
	}
	parsed, err := stanza.ParseBody(body)
	if err != nil {
		q.terminate(badRequest)
		return nil, false
	}
	changed := body
	for i, e := range parsed.Children {
		v, err := q.judge(q.r.Context(), &q.login, b.host, e)
		switch {
		case err != nil || i > 0 && (v.rewritten != nil || v.failure != ""): // a login stands first
			q.cancel(v.ticket.Text)
			q.terminate(badRequest)
			return nil, false
		case v.failure != "":
			q.answer(stanza.WriteBody(v.failure))
			return nil, false
		case v.login:
			q.cancel(b.begin(v.ticket))
		}
		if v.rewritten != nil {
			changed = v.rewritten
		}
	}
	return changed, true
}

// namesLogin reports whether a body may have an element in it that begins a
// login. The name of an element has no character references: it stands there as
// it is, whatever stands around it.
func namesLogin(body []byte) bool {
	return bytes.Contains(body, []byte("<auth")) || bytes.Contains(body, []byte(":auth"))
}

// mostJoining bounds a body that is searched for joins: it is read by a parser
// that takes up many times as much.
const mostJoining = 64 << 10

// beforeJoins tells of the joins in a body.
func (q *request) beforeJoins(b *boshSession, body []byte) {
	jid := b.jid()
	if jid == "" || q.Rooms == nil || len(body) > mostJoining || !bytes.Contains(body, []byte(stanza.NamespaceMUC)) {
		return
	}
	parsed, err := stanza.ParseBody(body)
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(q.r.Context(), q.JoinTimeout)
	defer cancel()
	for _, e := range parsed.Children {
		if room, joins := e.Join(); joins {
			q.Rooms.BeforeJoin(ctx, jid, room)
		}
	}
}
