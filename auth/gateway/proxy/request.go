package proxy

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"usher/auth/gateway/budget"
	"usher/internal/httpd"
	"usher/internal/logattr"
	"usher/metrics"
)

// A Request is one on its way through the gateway.
type Request struct {
	W        http.ResponseWriter
	R        *http.Request
	Settings *Settings // in force when it came
	Query    string    // what goes on to Prosody
	Token    string    // that was in the request, so that it goes no further; or empty
	Inner    string    // that goes on in Authorization; or empty
	Upstream *url.URL  // where it goes; nil: Settings.Upstream

	proxy *Proxy
	from  client
}

// Request returns one that has come. Without settings it can only be refused.
func (p *Proxy) Request(c *Settings, w http.ResponseWriter, r *http.Request) *Request {
	q := &Request{W: w, R: r, Settings: c, proxy: p}
	if c != nil {
		q.from = c.clientOf(r)
	}
	return q
}

// Reserve counts the request as a connection until it is released, or answers that
// a bound is reached. A request that is counted is admitted ([httpd.Admit]).
func (q *Request) Reserve() (release func(), ok bool) {
	if release, ok = q.reserve(&q.proxy.connections); ok {
		httpd.Admit(q.R.Context())
	}
	return release, ok
}

// ReserveReading counts the request among those whose body is being read, within
// the same bounds. It does not admit the request.
func (q *Request) ReserveReading() (release func(), ok bool) { return q.reserve(&q.proxy.reading) }

// TryReserve is [Request.Reserve] without an answer.
func (q *Request) TryReserve() (release func(), ok bool) {
	release, full := q.proxy.connections.reserve(q.Settings, q.from)
	return release, full == 0
}

func (q *Request) reserve(l *limiter) (release func(), ok bool) {
	release, full := l.reserve(q.Settings, q.from)
	switch full {
	case 0:
		return release, true
	case metrics.RefusedAddress:
		q.Refuse(http.StatusTooManyRequests, full,
			"too many connections from this address (gateway.max_connections_per_address)")
	default:
		q.Refuse(http.StatusServiceUnavailable, full, "too many connections (gateway.max_connections)")
	}
	return nil, false
}

// Network is what counts as the client's one address, or invalid where that is not known.
func (q *Request) Network() netip.Prefix {
	if !q.Settings.known(q.from) {
		return netip.Prefix{}
	}
	return q.from.group()
}

// Share returns the part of a budget that a new session of the client has.
func (q *Request) Share(b *budget.Budget) *budget.Share {
	return b.Share(q.Network(), q.Settings.MessageBytes)
}

// Target returns Prosody's address for the request, without the token. The scheme
// is http or ws; with TLS to Prosody it becomes https or wss.
func (q *Request) Target(scheme string) *url.URL {
	u := *cmp.Or(q.Upstream, q.Settings.Upstream)
	if u.Scheme == "https" {
		scheme += "s"
	}
	u.Scheme, u.Path, u.RawQuery = scheme, q.R.URL.Path, q.Query
	return &u
}

// Forwarded returns the client's headers for Prosody, and the client's address in
// X-Forwarded-For.
func (q *Request) Forwarded() http.Header {
	h := passOn(q.R.Header, q.Token)
	if q.from.address.IsValid() {
		h.Set("X-Forwarded-For", q.from.address.String())
	}
	if q.from.proto != "" {
		h.Set("X-Forwarded-Proto", q.from.proto)
	}
	if q.Inner != "" {
		h.Set("Authorization", "Bearer "+q.Inner)
	}
	return h
}

// control sets deadlines. In a test without a connection that does nothing.
func (q *Request) control() *http.ResponseController { return http.NewResponseController(q.W) }

// ReadBy has the body be here by then; the zero time is no limit.
func (q *Request) ReadBy(t time.Time) { _ = q.control().SetReadDeadline(t) }

// WriteWithin bounds the time for an answer of so many bytes to be taken; less
// than zero: of an unknown length.
func (q *Request) WriteWithin(length int64) {
	within := q.proxy.WriteTimeout + time.Duration(max(length, 0)/budget.Slowest)*time.Second
	_ = q.control().SetWriteDeadline(time.Now().Add(within))
}

// Refuse answers instead of Prosody. The text is a constant: it holds nothing that
// came from outside. The other attributes go into the log alone.
func (q *Request) Refuse(status int, why metrics.Refusal, text string, more ...slog.Attr) {
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		q.W.Header().Set("Retry-After", "2")
	}
	q.WriteWithin(0)
	http.Error(q.W, text, status)
	q.Note(why, text, more...)
}

// Note counts and logs a request that does not pass and is answered otherwise.
func (q *Request) Note(why metrics.Refusal, text string, more ...slog.Attr) {
	q.Count(why)
	if n, now := q.proxy.refused.Allow(); now {
		q.proxy.Log.LogAttrs(context.WithoutCancel(q.R.Context()), slog.LevelWarn,
			"a request to the gateway did not pass", append([]slog.Attr{
				slog.String("reason", why.String()), slog.String("cause", text),
				slog.String("address", q.from.String()), logattr.NotLogged(n),
			}, more...)...)
	}
}

// NoHost notes a request for a virtual host that is not configured.
func (q *Request) NoHost(host string) {
	q.Note(metrics.RefusedRequest, "no such host (hosts, their guests, and the domains of service accounts)",
		logattr.Host(host))
}

// Count counts a request that does not pass and is answered otherwise.
func (q *Request) Count(why metrics.Refusal) { q.proxy.Metrics.Refused(why) }
