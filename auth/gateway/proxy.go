package gateway

import (
	"bytes"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"time"

	"usher/auth/gateway/stanza"
)

// A call is a request to Prosody's HTTP server.
type call struct {
	*request
	heed  func(answer []byte) // gets the beginning of the answer before the client does; nil: it passes unseen
	whole func() bool         // asked when there is an answer: whether heed wants mostHeeded of it, or a tag
}

type callKey struct{}

// mostHeeded bounds an answer that is looked at: those to a login and to the
// beginning of a session, which are short.
const mostHeeded = 64 << 10

func newTransport() http.RoundTripper {
	dialer := net.Dialer{Timeout: 5 * time.Second}
	return &http.Transport{
		DialContext: dialer.DialContext, MaxIdleConnsPerHost: 64, IdleConnTimeout: 60 * time.Second,
		ResponseHeaderTimeout:  5 * time.Minute, // BOSH has requests wait; Prosody's bosh_max_wait is 2 minutes
		MaxResponseHeaderBytes: 32 << 10, DisableCompression: true,
	}
}

// newProxy returns what passes plain HTTP requests on. They carry a *call in
// their context.
func newProxy(transport http.RoundTripper) http.Handler {
	return &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(p *httputil.ProxyRequest) {
			c := p.In.Context().Value(callKey{}).(*call)
			p.Out.URL, p.Out.Host, p.Out.Header = c.target("http"), c.r.Host, c.forwarded()
		},
		ModifyResponse: func(r *http.Response) error {
			c := r.Request.Context().Value(callKey{}).(*call)
			return c.answered(r)
		},
		ErrorHandler: func(_ http.ResponseWriter, r *http.Request, err error) {
			c := r.Context().Value(callKey{}).(*call)
			c.unreachable(err)
		},
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0), // the client's own connection tells it
	}
}

// forward passes a request on, with this body. A body that is let go as soon as
// it has been sent has sent called then, or when the request has ended.
func (c *call) forward(body []byte, sent func()) {
	r := c.r.WithContext(context.WithValue(c.r.Context(), callKey{}, c))
	r.ContentLength, r.TransferEncoding = int64(len(body)), nil
	b := &sentBody{body: body, sent: sent}
	defer b.done()
	r.Body, r.GetBody = b, b.again
	c.proxy.ServeHTTP(c.w, r)
}

// pass is for Prosody's page that says it works. Jitsi's client asks for it now
// and then.
func (q *request) pass() {
	free, ok := q.place()
	if !ok {
		return
	}
	defer free()
	(&call{request: q}).forward(nil, nil)
}

// answered gets Prosody's answer before the client does.
func (c *call) answered(r *http.Response) error {
	if c.r.Header.Get("Origin") != "" { // ours is there already
		r.Header.Del("Access-Control-Allow-Origin")
	}
	c.patience(r.ContentLength)
	if c.heed == nil {
		return nil
	}
	most := int64(stanza.MaxTag)
	if c.whole() {
		most = mostHeeded
	}
	answer, err := io.ReadAll(io.LimitReader(r.Body, most))
	if err != nil {
		return err
	}
	c.heed(answer)
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(answer), r.Body), r.Body}
	return nil
}
