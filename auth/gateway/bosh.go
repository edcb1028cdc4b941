package gateway

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"usher/auth"
	"usher/auth/gateway/stanza"
)

// The conditions of XEP-0124 section 17.2.
const (
	badRequest   = "bad-request"
	itemNotFound = "item-not-found"
)

// maxPending is how many requests of one session may wait; Prosody tells
// clients two.
const maxPending = 8

// mostJoining bounds a body that is searched for joins: it is read by a parser
// that takes up many times as much.
const mostJoining = 64 << 10

// post is a request of BOSH.
func (q *request) post() {
	var l loan
	defer l.repay()
	body, ok := q.body(&l)
	if !ok {
		return
	}
	tag, err := stanza.ParseBodyTag(body)
	switch {
	case err != nil && q.login.policed():
		q.terminate(badRequest)
	case err != nil: // Prosody says what is wrong with it
		q.stray(&call{request: q}, body)
	case tag.Attribute("sid") == "":
		q.begin(body, tag)
	default:
		q.proceed(body, tag)
	}
}

// body reads the request's body whole: what is in it is known by its end only.
func (q *request) body(l *loan) (body []byte, ok bool) {
	l.budget = q.budget
	_ = q.control().SetReadDeadline(time.Now().Add(timeFor(min(max(q.r.ContentLength, 0), q.settings.MessageBytes))))
	body, err := io.ReadAll(&thriftyReader{from: http.MaxBytesReader(q.w, q.r.Body, q.settings.MessageBytes), loan: l})
	_ = q.control().SetReadDeadline(time.Time{})
	_, large := errors.AsType[*http.MaxBytesError](err)
	switch {
	case large:
		q.refuse(http.StatusRequestEntityTooLarge, refusedRequest, "the body is too large (gateway.max_message_size)")
	case errors.Is(err, errOverloaded):
		q.refuse(http.StatusServiceUnavailable, refusedConnections, "too many large stanzas at the same time")
	case err != nil:
		q.refuse(http.StatusBadRequest, refusedRequest, "the body was cut")
	}
	return body, err == nil
}

// stray passes on a request that belongs to no session that is counted.
func (q *request) stray(c *call, body []byte) {
	free, ok := q.place()
	if !ok {
		return
	}
	defer free()
	c.forward(body)
}

// begin is the request that makes a session (XEP-0124 section 7).
func (q *request) begin(body []byte, tag stanza.Element) {
	free, ok := q.place()
	if !ok {
		return
	}
	b := &boshSession{host: tag.Attribute("to"), free: free}
	begun := false
	defer func() { // also when the client goes away meanwhile, which is a panic
		if !begun {
			free()
			q.cancel(b.begin(auth.Ticket{}))
		}
	}()
	if body, ok = q.police(b, body); !ok {
		return
	}
	c := &call{request: q, whole: func() bool { return true }, heed: func(answer []byte) {
		tag, err := stanza.ParseBodyTag(answer)
		if sid := tag.Attribute("sid"); err == nil && sid != "" && tag.Attribute("type") != "terminate" {
			begun = q.bosh.put(sid, b)
		}
		b.heed(answer)
	}}
	c.forward(body)
}

// proceed is any other request of a session. One that is not known began
// before usher was started: it goes on, and only the joins in it are not seen.
func (q *request) proceed(body []byte, tag stanza.Element) {
	sid := tag.Attribute("sid")
	b, state := q.bosh.enter(sid)
	switch state {
	case boshFailed:
		q.terminate(itemNotFound)
		return
	case boshBusy:
		q.refuse(http.StatusTooManyRequests, refusedRequest, "too many requests of one session")
		return
	case boshUnknown:
		b = &boshSession{unknown: true}
	case boshKnown:
		defer func() { q.bosh.leave(sid, tag.Attribute("type") == "terminate") }()
	}
	changed, ok := q.police(b, body)
	if !ok {
		b.failed.Store(true)
		q.giveUp(sid, tag.Attribute("rid"))
		return
	}
	if b.unknown {
		q.stray(&call{request: q}, changed)
		return
	}
	q.beforeJoins(b, changed)
	(&call{request: q, heed: b.heed, whole: b.trying}).forward(changed)
}

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

// terminate answers that the session is over.
func (q *request) terminate(condition string) {
	q.Metrics.Refused(refusedRequest)
	q.answer(stanza.Terminate("", "", condition))
}

func (q *request) answer(body string) {
	q.patience(0)
	h := q.w.Header()
	h.Set("Content-Type", "text/xml; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	_, _ = io.WriteString(q.w, body) // the client is gone if this fails
}

// giveUp ends a session at Prosody whose login was refused here: the request
// that was answered never got there, so it could not go on.
func (q *request) giveUp(sid, rid string) {
	target, host := q.target("http").String(), q.r.Host
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), q.HandshakeTimeout)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(stanza.Terminate(sid, rid, "")))
		if err != nil {
			return
		}
		r.Host = host
		r.Header.Set("Content-Type", "text/xml; charset=utf-8")
		if answer, err := q.transport.RoundTrip(r); err == nil {
			_, _ = io.CopyN(io.Discard, answer.Body, mostHeeded)
			_ = answer.Body.Close()
		}
	}()
}
