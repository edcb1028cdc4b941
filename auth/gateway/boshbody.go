package gateway

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"usher/auth/gateway/budget"
	"usher/auth/gateway/websocket"
	"usher/metrics"
)

// An incoming body is one whose first piece has been read.
type incoming struct {
	head []byte
	rest io.Reader // what follows it; nil: nothing
}

// firstPiece reads so much of the request's body as needs nobody's leave. While
// it is read it takes a place beside those of sessions, so that one address
// holds no more pieces than it may have connections.
func (q *request) firstPiece() (in incoming, ok bool) {
	free, ok := q.placeIn(&q.reading)
	if !ok {
		return incoming{}, false
	}
	defer free()
	if q.r.Header.Get("Content-Encoding") != "" { // what is compressed here would not be what Prosody reads
		q.refuse(http.StatusUnsupportedMediaType, metrics.RefusedRequest, "a body must come as it is, without a Content-Encoding")
		return incoming{}, false
	}
	q.readWithin(budget.Piece)
	body := http.MaxBytesReader(q.w, q.r.Body, q.settings.MessageBytes)
	length := int64(budget.Piece + 1)
	if q.r.ContentLength >= 0 {
		length = min(length, q.r.ContentLength)
	}
	in.head = make([]byte, length)
	n, err := io.ReadFull(body, in.head)
	in.head = in.head[:n]
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF) && q.r.ContentLength < 0:
	case err != nil:
		q.cut(err)
		return incoming{}, false
	case n > budget.Piece:
		in.rest = body
	}
	return in, true
}

// rest reads the body whole: what is in it is known by its end only.
func (q *request) rest(in incoming, l *budget.Loan) (body []byte, ok bool) {
	if in.rest == nil {
		_ = q.control().SetReadDeadline(time.Time{})
		return in.head, true
	}
	q.readWithin(min(max(q.r.ContentLength, 0), q.settings.MessageBytes))
	whole := io.MultiReader(bytes.NewReader(in.head), in.rest)
	body, err := io.ReadAll(l.Reader(whole))
	_ = q.control().SetReadDeadline(time.Time{})
	if err != nil {
		q.cut(err)
		return nil, false
	}
	return body, true
}

// readWithin sets the deadline for so many bytes of the body.
func (q *request) readWithin(length int64) {
	_ = q.control().SetReadDeadline(time.Now().Add(websocket.TimeFor(length)))
}

// cut answers a request whose body could not be read.
func (q *request) cut(err error) {
	_, large := errors.AsType[*http.MaxBytesError](err)
	switch {
	case large:
		q.refuse(http.StatusRequestEntityTooLarge, metrics.RefusedRequest, "the body is too large (gateway.max_message_size)")
	case errors.Is(err, budget.ErrOverloaded):
		q.refuse(http.StatusServiceUnavailable, metrics.RefusedConnections, "too many large stanzas at the same time")
	default:
		q.refuse(http.StatusBadRequest, metrics.RefusedRequest, "the body was cut")
	}
}

// A sentBody is one on its way to Prosody. As soon as it has been read it is let
// go: the request may wait for its answer for minutes.
type sentBody struct {
	sent func() // may be nil

	mu   sync.Mutex
	body []byte
	at   int
}

func (b *sentBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.at < len(b.body) {
		n := copy(p, b.body[b.at:])
		b.at += n
		return n, nil
	}
	b.letGo()
	return 0, io.EOF
}

// letGo wants the lock.
func (b *sentBody) letGo() {
	if b.sent == nil { // a short one may have to be sent again, on another connection
		return
	}
	b.body, b.at = nil, 0
	b.sent()
	b.sent = nil
}

// Close implements [io.Closer]; net/http closes a body when it is done with it.
func (b *sentBody) Close() error { return nil }

// done is the end of the request.
func (b *sentBody) done() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.letGo()
}

var errSent = errors.New("the body was sent already")

// again returns the body from its beginning, as long as it is there.
func (b *sentBody) again() (io.ReadCloser, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.body == nil && b.at == 0 && b.sent == nil {
		return nil, errSent
	}
	return io.NopCloser(bytes.NewReader(b.body)), nil
}
