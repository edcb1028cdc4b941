package gateway

import (
	"net/http"
	"strconv"
	"time"

	"usher/auth/gateway/proxy"
	"usher/auth/gateway/stanza"
	"usher/internal/httpd"
	"usher/metrics"
)

// maxPending is how many requests of one session may wait; Prosody tells
// clients two.
const maxPending = 8

// post is a request of BOSH. What it is about stands in its first piece, or it
// is about nothing.
func (q *request) post() {
	body, ok := q.firstPiece()
	if !ok {
		return
	}
	tag, err := stanza.ParseBodyTag(body.head)
	rid, isNumber := parseRID(tag.Attribute("rid"))
	switch sid := tag.Attribute("sid"); {
	case err != nil || !isNumber:
		q.terminate(badRequest)
	case sid == "":
		q.begin(body, tag, rid)
	default:
		q.proceed(body, sid, rid)
	}
}

// parseRID reads the number of a request (XEP-0124 section 14.1). Prosody takes
// other spellings as well (1e3, 0x10); a client has no need of them.
func parseRID(s string) (rid int64, ok bool) {
	const digits = 16 // 2^53 has so many
	if len(s) > digits || s == "" || s[0] < '0' || s[0] > '9' {
		return 0, false
	}
	rid, err := strconv.ParseInt(s, 10, 64)
	return rid, err == nil
}

// stray passes on a request that belongs to no session that is counted: it is
// counted itself.
func (q *request) stray(body []byte, o proxy.Observer) {
	free, ok := q.Take()
	if !ok {
		return
	}
	defer free()
	q.Forward(body, nil, o)
}

// begin is the request that makes a session (XEP-0124 section 7).
func (q *request) begin(in incoming, tag stanza.Element, rid int64) {
	free, ok := q.Take()
	if !ok {
		return
	}
	b := q.newSession(rid, free)
	b.host = tag.Attribute("to")
	begun := false
	defer func() { // also when the client goes away meanwhile, which is a panic
		if !begun {
			free()
			q.exchange.Cancel(b.progress.Abandon())
		}
	}()
	body, ok := q.police(b, in)
	if !ok {
		return
	}
	q.Forward(body, nil, &firstAnswer{session: b, rid: rid, table: &q.bosh, begun: &begun})
}

// proceed is any other request of a session.
func (q *request) proceed(in incoming, sid string, rid int64) {
	b, state := q.bosh.enter(sid, rid)
	switch state {
	case boshOver:
		q.over(b)
		return
	case boshBusy:
		q.Refuse(http.StatusTooManyRequests, metrics.RefusedRequest, "too many requests of one session")
		return
	case boshUnknown:
		q.stranger(in, sid, rid)
		return
	}
	defer q.bosh.leave(sid, b)
	httpd.Admit(q.R.Context()) // Prosody has it wait; the session has its place
	o := &laterAnswer{session: b, rid: rid}
	if !b.progress.LoggedIn().Load() {
		body, ok := q.police(b, in)
		if !ok {
			b.end(q.why)
			q.giveUp(sid, rid, b)
			return
		}
		q.Forward(body, nil, o)
		return
	}
	l := b.share.Loan()
	defer l.Repay() // by then nothing sends any more
	body, ok := q.rest(in, &l)
	if !ok {
		return
	}
	q.beforeJoins(b, body)
	q.Forward(body, l.Repay, o)
}

// newSession returns a session that no table has yet.
func (q *request) newSession(rid int64, free func()) *boshSession {
	return &boshSession{
		free: free, began: time.Now(), kept: boshKept, share: q.Share(&q.budget),
		rids: rids{highest: rid, answered: rid},
	}
}
