package admin

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"usher/internal/panics"
)

// Within returns a client that asks a handler of [NewHandler] in its own process. The context of a request reaches the
// handler as it is, and ends it. A change wants an author in it ([WithAuthor]). A fault of the handler is written to p.
func Within(h http.Handler, p *panics.Reporter) *Client {
	t := within{h, p}
	return &Client{"", func() http.RoundTripper { return t }}
}

type withinKey struct{}

// isWithin reports whether a request came from this process.
func isWithin(ctx context.Context) bool { return ctx.Value(withinKey{}) != nil }

// within hands requests to a handler. Its answers come through a pipe, so that one that goes on is read as it is made.
type within struct {
	handler http.Handler
	panics  *panics.Reporter
}

// RoundTrip starts one goroutine, which ends with the answer. Whoever closes the answer's body waits for it.
func (t within) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(context.WithValue(r.Context(), withinKey{}, true))
	reader, writer := net.Pipe()
	a := &pipedAnswer{pipe: writer, header: http.Header{}, begun: make(chan struct{})}
	body := &pipedBody{Conn: reader, cancel: cancel}
	asked := r.Clone(ctx)
	asked.RequestURI = asked.URL.RequestURI()
	if asked.Body == nil {
		asked.Body = http.NoBody
	}
	body.served.Go(func() { t.serve(a, asked) })
	select {
	case <-a.begun:
	case <-ctx.Done():
		_ = body.Close()
		return nil, ctx.Err()
	}
	if a.status == 0 {
		_ = body.Close()
		return nil, errors.New("a fault; the log has it")
	}
	return &http.Response{Status: strconv.Itoa(a.status) + " " + http.StatusText(a.status), StatusCode: a.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: a.sent, Body: body, ContentLength: -1, Request: r}, nil
}

// serve has the handler answer. What ends with a fault is cut.
func (t within) serve(a *pipedAnswer, r *http.Request) {
	defer func() {
		_ = r.Body.Close()
		_ = a.pipe.Close()
		a.begin(0)
	}()
	whole := false
	t.panics.ServeWithin("admin", a, r, func(w http.ResponseWriter, r *http.Request) {
		t.handler.ServeHTTP(w, r)
		whole = true
	}, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, errPanic.Error(), http.StatusInternalServerError)
	})
	if whole {
		a.begin(http.StatusOK)
	}
}

// A pipedBody is what a handler answers. Its end is the handler's.
type pipedBody struct {
	net.Conn
	cancel context.CancelFunc
	served sync.WaitGroup
}

// Close ends the handler, and waits for that.
func (b *pipedBody) Close() error {
	b.cancel()
	err := b.Conn.Close()
	b.served.Wait()
	return err
}

// A pipedAnswer is the http.ResponseWriter of a request within the process. One goroutine writes it.
type pipedAnswer struct {
	pipe   net.Conn
	header http.Header

	once   sync.Once
	status int // 0: it was cut before it began
	sent   http.Header
	begun  chan struct{}
}

// Header implements http.ResponseWriter.
func (a *pipedAnswer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *pipedAnswer) WriteHeader(status int) { a.begin(status) }

func (a *pipedAnswer) begin(status int) {
	a.once.Do(func() {
		a.status, a.sent = status, a.header.Clone()
		close(a.begun)
	})
}

// Write implements http.ResponseWriter.
func (a *pipedAnswer) Write(p []byte) (int, error) {
	a.begin(http.StatusOK)
	return a.pipe.Write(p)
}

// Flush implements http.Flusher: nothing is held back.
func (a *pipedAnswer) Flush() { a.begin(http.StatusOK) }

// SetReadDeadline is for http.ResponseController. The request is there as a whole.
func (a *pipedAnswer) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline is for http.ResponseController.
func (a *pipedAnswer) SetWriteDeadline(at time.Time) error { return a.pipe.SetWriteDeadline(at) }
