package gateway

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"

	"usher/auth/gateway/stanza"
	"usher/metrics"
)

// The conditions of XEP-0124 section 17.2.
const (
	badRequest   = "bad-request"
	itemNotFound = "item-not-found"
)

// terminate answers that the session is over.
func (q *request) terminate(condition string) {
	q.Count(metrics.RefusedRequest)
	q.answer(stanza.Terminate("", "", condition))
}

// end answers that the session is over, and why.
func (q *request) end(condition, text string) {
	q.Count(metrics.RefusedRequest)
	q.why = stanza.TerminateFor(condition, text)
	q.answer(q.why)
}

// over answers a request of a session that was ended: with the same reason, as
// clients have two requests under way and take the first answer for all.
func (q *request) over(b *boshSession) {
	if why := b.end(""); why != "" {
		q.Count(metrics.RefusedRequest)
		q.answer(why)
		return
	}
	q.terminate(itemNotFound)
}

func (q *request) answer(body string) {
	q.WriteWithin(0)
	h := q.W.Header()
	h.Set("Content-Type", "text/xml; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	_, _ = io.WriteString(q.W, body) // the client is gone if this fails
}

// maxFarewells bounds the ends that are told to Prosody at the same time. A
// session whose end is not told ends by time.
const maxFarewells = 64

// giveUp ends a session at Prosody of which a request was refused here: as that
// never gets there, it could not go on. b is what is known of it, or nil.
func (q *request) giveUp(sid string, rid int64, b *boshSession) {
	if !q.farewells.TryAcquire(1) {
		return
	}
	target, host := q.Target("http").String(), q.R.Host
	taken := q.streams.Go(func(ctx context.Context) {
		defer q.farewells.Release(1)
		defer q.Panics.Recover(Door, "farewell", func() {})
		ctx, cancel := context.WithTimeout(ctx, q.HandshakeTimeout)
		defer cancel()
		condition, ended := q.sayFarewell(ctx, target, host, stanza.Terminate(sid, strconv.FormatInt(rid, 10), ""))
		if ended && b != nil {
			b.terminated(rid, condition)
			q.bosh.ended(sid, b)
		}
	})
	if !taken {
		q.farewells.Release(1)
	}
}

// sayFarewell sends Prosody the end of a session, and reports what it says.
func (q *request) sayFarewell(ctx context.Context, target, host, body string) (condition string, ended bool) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(body))
	if err != nil {
		return "", false
	}
	r.Host = host
	r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	answer, err := q.proxy.Transport.RoundTrip(r)
	if err != nil {
		return "", false
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, stanza.MaxTag))
	if err != nil {
		return "", false
	}
	tag, err := stanza.ParseBodyTag(text)
	return tag.Attribute("condition"), err == nil && tag.Attribute("type") == "terminate"
}
