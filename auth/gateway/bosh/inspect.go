package bosh

import (
	"errors"
	"io"

	"usher/auth/gateway/login"
	"usher/auth/gateway/stanza"
	"usher/metrics"
)

// inspect returns what of a body before the login goes on to Prosody: what package
// filter lists, and nothing else. If it returns false it has answered the request.
func (q *request) inspect(s *session, in incoming) ([]byte, bool) {
	parsed, ok := q.readable(in)
	if !ok {
		return nil, false
	}
	switch len(parsed.Children) {
	case 0:
		return in.head, true
	case 1:
		return q.inspectLogin(s, in.head, parsed.Children[0])
	}
	q.terminate(badRequest) // one element at a time: the answer to it decides about the next
	return nil, false
}

// inspectLogin returns the body of a login, with a ticket in the place of the
// token, or of the next step of one that is under way.
func (q *request) inspectLogin(s *session, body []byte, e stanza.Element) ([]byte, bool) {
	v, err := q.Exchange.Judge(q.R.Context(), &q.login, s.host, s.progress.UnderWay(), e)
	switch {
	case errors.Is(err, login.ErrForbidden):
		q.end(q.login.Told())
		return nil, false
	case err != nil:
		q.terminate(badRequest)
		return nil, false
	case v.Failure != "":
		q.answer(stanza.WriteBody(v.Failure))
		return nil, false
	case v.Begins:
		q.Exchange.Cancel(s.progress.Begin(v, nil))
	default:
		s.progress.Continue(v)
	}
	if v.Rewritten != nil {
		return v.Rewritten, true
	}
	return body, true
}

// readable parses a body strictly. If it returns false it has answered the request.
func (q *request) readable(in incoming) (stanza.Body, bool) {
	if in.rest != nil {
		q.end("policy-violation", "The stanza is too large before the login.")
		return stanza.Body{}, false
	}
	parsed, err := stanza.ParseBody(in.head)
	if err != nil {
		q.terminate(badRequest)
		return stanza.Body{}, false
	}
	return parsed, true
}

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

// over answers a request of a session that has ended, with the same reason each
// time: a client has two requests under way and believes the first answer.
func (q *request) over(s *session) {
	if why := s.end(""); why != "" {
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
