package proxy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"

	"usher/auth/gateway/budget"
	"usher/internal/logattr"
	"usher/metrics"
)

// An Observer looks at the beginning of Prosody's answer before the client gets
// it.
type Observer interface {
	// Limit is asked when there is an answer: how many bytes of it matter.
	Limit() int64
	Observe(answer []byte)
}

// A Rewriter is an [Observer] that reads an answer whole and writes what the client gets
// instead.
type Rewriter interface {
	Rewrites() bool // is asked when there is an answer; false: it is observed only
	Rewrite(ctx context.Context, answer io.Reader) ([]byte, error)
}

// A call is a request to Prosody's web server.
type call struct {
	*Request
	observer Observer // nil: the answer passes unseen
}

type callKey struct{}

// newHandler returns what passes plain HTTP requests on. They carry a *call in
// their context.
func newHandler(transport http.RoundTripper) http.Handler {
	return &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(p *httputil.ProxyRequest) {
			c := p.In.Context().Value(callKey{}).(*call)
			p.Out.URL, p.Out.Host, p.Out.Header = c.Target("http"), c.R.Host, c.Forwarded()
		},
		ModifyResponse: func(r *http.Response) error {
			c := r.Request.Context().Value(callKey{}).(*call)
			return c.answered(r)
		},
		ErrorHandler: func(_ http.ResponseWriter, r *http.Request, err error) {
			c := r.Context().Value(callKey{}).(*call)
			c.Unreachable(err)
		},
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0), // the client's own connection tells it
	}
}

// Forward passes a request on, with this body. If sent is not nil the body's memory
// is released as soon as it has been sent; sent is called then, or at the end of
// the request.
func (q *Request) Forward(body []byte, sent func(), o Observer) {
	r := q.R.WithContext(context.WithValue(q.R.Context(), callKey{}, &call{q, o}))
	r.ContentLength, r.TransferEncoding = int64(len(body)), nil
	b := &sentBody{body: body, sent: sent}
	defer b.done()
	r.Body, r.GetBody = b, b.again
	q.proxy.handler.ServeHTTP(q.W, r)
}

// Pass passes a request for Prosody's page that says it works. Jitsi's client asks
// for it as a keep-alive.
func (q *Request) Pass() {
	release, ok := q.Reserve()
	if !ok {
		return
	}
	defer release()
	q.Forward(nil, nil, nil)
}

// answered prepares Prosody's answer for the client.
func (c *call) answered(r *http.Response) error {
	if c.R.Header.Get("Origin") != "" { // MayAsk has set ours
		r.Header.Del("Access-Control-Allow-Origin")
	}
	c.WriteWithin(r.ContentLength)
	if c.observer == nil {
		return nil
	}
	if w, rewrites := c.observer.(Rewriter); rewrites && w.Rewrites() && r.StatusCode == http.StatusOK {
		return c.rewritten(r, w)
	}
	answer, err := io.ReadAll(io.LimitReader(r.Body, c.observer.Limit()))
	if err != nil {
		return err
	}
	c.observer.Observe(answer)
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(answer), r.Body), r.Body}
	return nil
}

// rewritten puts what the client gets in the place of an answer.
func (c *call) rewritten(r *http.Response, w Rewriter) error {
	defer r.Body.Close()
	if r.Header.Get("Content-Encoding") != "" {
		return errors.New("the answer is compressed, which was not asked for")
	}
	body, err := w.Rewrite(c.R.Context(), r.Body)
	if err != nil {
		return err
	}
	length := int64(len(body))
	c.WriteWithin(length)
	r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(body)), length, nil
	r.Header.Set("Content-Length", strconv.FormatInt(length, 10))
	return nil
}

// Unreachable answers a request that Prosody did not answer. A client of BOSH sends
// it again.
func (q *Request) Unreachable(err error) {
	switch {
	case q.proxy.Stopping():
		q.Refuse(http.StatusServiceUnavailable, metrics.RefusedStopped, "usher is about to stop")
	case q.R.Context().Err() != nil: // the client is gone
	case errors.Is(err, budget.ErrOverloaded):
		q.Refuse(http.StatusServiceUnavailable, metrics.RefusedConnections, "too many large stanzas at the same time")
	default:
		q.Refuse(http.StatusBadGateway, metrics.RefusedUpstream, notReached)
		q.debug(q.R.Context(), err)
	}
}

const notReached = "Prosody cannot be reached (gateway.upstream)"

// NotReached notes that Prosody did not answer a request that is answered otherwise.
func (q *Request) NotReached(ctx context.Context, err error) {
	q.Note(metrics.RefusedUpstream, notReached)
	q.debug(ctx, err)
}

func (q *Request) debug(ctx context.Context, err error) {
	q.proxy.Log.LogAttrs(ctx, slog.LevelDebug, "no answer of Prosody", logattr.Err(cause(err)))
}

// cause leaves the address out of an error of net/http: it may have a query.
func cause(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
