package gateway

import (
	"context"
	"io"
	"net/http"
	"strings"

	"usher/auth/gateway/stanza"
)

// The conditions of XEP-0124 section 17.2.
const (
	badRequest   = "bad-request"
	itemNotFound = "item-not-found"
)

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
	q.sessions.beside(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, q.HandshakeTimeout)
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
	})
}
