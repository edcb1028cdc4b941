package bosh

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"time"

	"usher/auth/gateway/budget"
	"usher/metrics"
)

// An incoming body is one whose first piece has been read.
type incoming struct {
	head []byte
	rest io.Reader // what follows it; nil: nothing
}

// firstPiece reads so much of the request's body as every request may have. While
// it is read the request is counted apart from the sessions, so that one address
// holds no more pieces than it may have connections.
func (q *request) firstPiece() (in incoming, ok bool) {
	release, ok := q.ReserveReading()
	if !ok {
		return incoming{}, false
	}
	defer release()
	if q.R.Header.Get("Content-Encoding") != "" { // what is compressed here would not be what Prosody reads
		q.Refuse(http.StatusUnsupportedMediaType, metrics.RefusedRequest,
			"a body must come as it is, without a Content-Encoding")
		return incoming{}, false
	}
	q.readWithin(budget.Piece)
	body := http.MaxBytesReader(q.W, q.R.Body, q.Settings.MessageBytes)
	length := int64(budget.Piece + 1)
	if q.R.ContentLength >= 0 {
		length = min(length, q.R.ContentLength)
	}
	in.head = make([]byte, length)
	n, err := io.ReadFull(body, in.head)
	in.head = in.head[:n]
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF) && q.R.ContentLength < 0:
	case err != nil:
		q.cut(err)
		return incoming{}, false
	case n > budget.Piece:
		in.rest = body
	}
	return in, true
}

// rest reads the whole body, which must be complete before it is looked at.
func (q *request) rest(in incoming, l *budget.Loan) (body []byte, ok bool) {
	if in.rest == nil {
		q.ReadBy(time.Time{})
		return in.head, true
	}
	q.readWithin(min(max(q.R.ContentLength, 0), q.Settings.MessageBytes))
	whole := io.MultiReader(bytes.NewReader(in.head), in.rest)
	body, err := io.ReadAll(l.Reader(whole))
	q.ReadBy(time.Time{})
	if err != nil {
		q.cut(err)
		return nil, false
	}
	return body, true
}

// readWithin sets the deadline for so many bytes of the body.
func (q *request) readWithin(length int64) {
	q.ReadBy(time.Now().Add(budget.TimeFor(length)))
}

// cut answers a request whose body could not be read.
func (q *request) cut(err error) {
	_, large := errors.AsType[*http.MaxBytesError](err)
	switch {
	case large:
		q.Refuse(http.StatusRequestEntityTooLarge, metrics.RefusedRequest,
			"the body is too large (gateway.max_message_size)")
	case errors.Is(err, budget.ErrOverloaded):
		q.Refuse(http.StatusServiceUnavailable, metrics.RefusedConnections, "too many large stanzas at the same time")
	default:
		q.Refuse(http.StatusBadRequest, metrics.RefusedRequest, "the body was cut")
	}
}
