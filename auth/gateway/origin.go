package gateway

import "net/http"

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
