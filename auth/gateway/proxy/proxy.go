package proxy

import (
	"log/slog"
	"net"
	"net/http"
	"time"

	"usher/internal/ratelimit"
	"usher/metrics"
)

// Options are the collaborators and deadlines of a [Proxy].
type Options struct {
	Log     *slog.Logger     // must not be nil
	Metrics *metrics.Gateway // must not be nil

	// WriteTimeout is for the other side to take a short answer, or a piece of a
	// long one.
	WriteTimeout time.Duration

	// Stopping reports whether the gateway is about to stop: usher then no longer
	// waits for Prosody's answers.
	Stopping func() bool

	// Transport connects to Prosody's web server; nil means TCP, and TLS where
	// [Settings.Upstream] says so.
	Transport http.RoundTripper
}

// A Proxy lets requests in, and passes them on.
type Proxy struct {
	Options

	connections limiter // of sessions, and of requests that belong to none
	reading     limiter // of requests whose body is being read
	refused     ratelimit.Log
	handler     http.Handler
}

// New returns a proxy.
func New(o Options) *Proxy {
	if o.Transport == nil {
		o.Transport = newTransport()
	}
	return &Proxy{Options: o, handler: newHandler(o.Transport)}
}

func newTransport() http.RoundTripper {
	dialer := net.Dialer{Timeout: 5 * time.Second}
	return &http.Transport{
		DialContext: dialer.DialContext, MaxIdleConnsPerHost: 64, IdleConnTimeout: 60 * time.Second,
		ResponseHeaderTimeout:  5 * time.Minute, // BOSH has requests wait; Prosody's bosh_max_wait is 2 minutes
		MaxResponseHeaderBytes: 32 << 10, DisableCompression: true,
	}
}

// Connections returns how many are counted now: in all, and how many addresses
// have one.
func (p *Proxy) Connections() (all, addresses int) { return p.connections.count() }

// Reading returns how many bodies are being read now.
func (p *Proxy) Reading() int {
	n, _ := p.reading.count()
	return n
}
