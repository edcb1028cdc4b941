package proxy

import (
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"usher/internal/text"
	"usher/metrics"
)

// normalOrigin is an origin as browsers write it (RFC 6454 section 6.2): in
// lower case, and without a port that is the scheme's own. Other text is only
// put into lower case.
func normalOrigin(origin string) string {
	origin = strings.ToLower(origin)
	switch scheme, host, _ := strings.Cut(origin, "://"); scheme {
	case "https":
		return scheme + "://" + strings.TrimSuffix(host, ":443")
	case "http":
		return scheme + "://" + strings.TrimSuffix(host, ":80")
	}
	return origin
}

// allows reports whether a web page may open connections here. Clients other than
// browsers send no Origin, and are allowed: only a browser would use its user's
// rights for a page that must not have them (RFC 6454).
func (c *Settings) allows(r *http.Request) bool {
	origins := r.Header.Values("Origin")
	if len(origins) == 0 {
		return true
	}
	if len(origins) > 1 {
		return false
	}
	origin := normalOrigin(origins[0])
	if c.Origins == nil {
		u, err := url.Parse(origin)
		return err == nil && u.Host != "" && origin == normalOrigin(u.Scheme+"://"+r.Host)
	}
	same := func(o string) bool { return normalOrigin(o) == origin }
	return slices.Contains(c.Origins, "*") || slices.ContainsFunc(c.Origins, same)
}

// MayAsk reports whether the page that sent the request may do so, and answers it
// if not. It tells a browser that an allowed page may read the answer (CORS).
func (q *Request) MayAsk() bool {
	if !q.Settings.allows(q.R) {
		q.refuseOrigin()
		return false
	}
	if origin := q.R.Header.Get("Origin"); origin != "" {
		h := q.W.Header()
		h.Set("Access-Control-Allow-Origin", origin)
		h.Add("Vary", "Origin")
	}
	return true
}

// refuseOrigin refuses the page. The log has both names that were compared: with
// gateway.origins unset the web server must pass the Host header on.
func (q *Request) refuseOrigin() {
	origin := strings.Join(q.R.Header.Values("Origin"), ", ")
	q.Refuse(http.StatusForbidden, metrics.RefusedOrigin, "pages of this origin may not connect (gateway.origins)",
		slog.String("origin", clipped(origin)), slog.String("host", clipped(q.R.Host)))
}

// clipped bounds a header in a log line. It has no token in it: of an origin
// only scheme, host and port are told.
func clipped(s string) string {
	if u, err := url.Parse(s); err == nil && u.Host != "" {
		s = u.Scheme + "://" + u.Host
	}
	const most = 200
	return text.ClipTo(s, most)
}

// Preflight reports whether a browser asks what a page may send.
func Preflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Origin") != "" &&
		r.Header.Get("Access-Control-Request-Method") != ""
}

// AnswerPreflight allows what BOSH needs, and the token in a header.
func (q *Request) AnswerPreflight() {
	h := q.W.Header()
	h.Set("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
	h.Set("Access-Control-Max-Age", "7200")
	q.WriteWithin(0)
	q.W.WriteHeader(http.StatusNoContent)
}
