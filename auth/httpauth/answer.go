package httpauth

import (
	"encoding/json"
	"io"
	"net/http"

	"usher/auth"
)

// yes and no are the bodies of mod_auth_http and mod_auth_custom_http.
const (
	yes = "true"
	no  = "false"
)

// text writes an answer of plain text.
func (q *request) text(status int, body string) {
	q.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	q.w.WriteHeader(status)
	_, _ = io.WriteString(q.w, body) // the client is gone if this fails
}

// json writes an answer of JSON.
func (q *request) json(status int, v any) {
	q.w.Header().Set("Content-Type", "application/json")
	q.w.WriteHeader(status)
	_ = json.NewEncoder(q.w).Encode(v)
}

// login decides about credentials.
func (q *request) login(c auth.Credentials) (auth.Identity, *auth.Refusal) {
	c.Door = q.door
	id, err := q.Auth.Authenticate(q.r.Context(), c)
	if refusal := auth.RefusalOf(err); refusal != nil {
		return auth.Identity{}, refusal
	}
	if c.Problem != nil || id.Account == "" { // only a broken authenticator gets here
		return auth.Identity{}, auth.Refuse(auth.ReasonInternalError, "a decision without an account; report it")
	}
	return id, nil
}

// malformed counts a request that cannot be parsed, and returns its refusal. The errors
// of this package hold nothing that came from outside.
func (q *request) malformed(err error) *auth.Refusal {
	return q.problem(auth.Refuse(auth.ReasonMalformedRequest,
		"%v; compare the module's lines in Prosody with what usher prosody prints", err))
}

func (q *request) problem(p *auth.Refusal) *auth.Refusal {
	_, refusal := q.login(auth.Credentials{Host: q.query["host"], Problem: p})
	return refusal
}

// refuse answers no, in the form of the endpoint.
func (q *request) refuse(r *auth.Refusal) {
	switch q.door {
	case DoorOAuth, DoorTicket:
		q.refuseOAuth(r)
	default:
		q.text(statusOf(r), no)
	}
}

// statusOf is never 2xx: for mod_auth_http_async that is a yes.
func statusOf(r *auth.Refusal) int {
	switch {
	case r.Reason == auth.ReasonMalformedRequest:
		return http.StatusBadRequest
	case r.Reason == auth.ReasonUnsupportedRequest:
		return http.StatusNotImplemented
	case r.Reason.Undecided():
		return http.StatusServiceUnavailable
	}
	return http.StatusForbidden
}
