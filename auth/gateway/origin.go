package gateway

import (
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

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

// allows reports whether a web page may open connections here. Other clients
// send no Origin: it is browsers that carry somebody's rights to a page that
// was not meant to have them (RFC 6454).
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
	return slices.Contains(c.Origins, "*") || slices.ContainsFunc(c.Origins, func(o string) bool { return normalOrigin(o) == origin })
}

// refuseOrigin refuses the page. The log has both names that were compared: with
// gateway.origins unset the web server must pass the Host header on.
func (q *request) refuseOrigin() {
	origin := strings.Join(q.r.Header.Values("Origin"), ", ")
	q.refuse(http.StatusForbidden, metrics.RefusedOrigin, "pages of this origin may not connect (gateway.origins)",
		slog.String("origin", clipped(origin)), slog.String("host", clipped(q.r.Host)))
}

// clipped bounds a header in a log line. It has no token in it: of an origin
// only scheme, host and port are told.
func clipped(s string) string {
	if u, err := url.Parse(s); err == nil && u.Host != "" {
		s = u.Scheme + "://" + u.Host
	}
	const most = 200
	return strings.ToValidUTF8(s[:min(len(s), most)], "�")
}

// allowOrigin tells a browser that the page may read the answer (CORS). The
// origin was allowed by then.
func (q *request) allowOrigin() {
	if origin := q.r.Header.Get("Origin"); origin != "" {
		h := q.w.Header()
		h.Set("Access-Control-Allow-Origin", origin)
		h.Add("Vary", "Origin")
	}
}

// preflight reports whether a browser asks what a page may send.
func preflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Origin") != "" && r.Header.Get("Access-Control-Request-Method") != ""
}

// answerPreflight allows what BOSH needs, and the token in a header.
func (q *request) answerPreflight() {
	h := q.w.Header()
	h.Set("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
	h.Set("Access-Control-Max-Age", "7200")
	q.patience(0)
	q.w.WriteHeader(http.StatusNoContent)
}
