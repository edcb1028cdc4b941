package gateway

import (
	"errors"
	"io"
	"net/http"
	"time"

	"usher/auth"
	"usher/auth/gateway/stanza"
	"usher/internal/httpd"
)

// maxPending is how many requests of one session may wait; Prosody tells
// clients two.
const maxPending = 8

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
		httpd.Admit(q.r.Context()) // Prosody has it wait; the session has its place
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
