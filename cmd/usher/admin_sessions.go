package main

import (
	"errors"
	"net/http"
	"strings"

	"usher/auth"
	"usher/moderation"
)

// admin answers usher sessions and usher lobby.
func (p *roomParts) admin(mux *http.ServeMux, v *auth.Verifier) {
	p.adminLobby(mux)
	mux.HandleFunc("GET /sessions", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, p.sessions.List()) })
	mux.HandleFunc("POST /sessions/revoke", func(w http.ResponseWriter, r *http.Request) {
		revoked, err := p.sessions.Revoke(r.Context(), r.URL.Query().Get("account"))
		answer := revokeAnswer{Revoked: revoked, Component: p.component != nil}
		switch {
		case errors.Is(err, moderation.ErrNoSuchSession):
			answer.Unknown = true
		case err != nil:
			answer.Problem = err.Error()
		}
		for _, jid := range revoked.Accounts {
			account, host, _ := strings.Cut(jid, "@")
			v.Revoke(host, account) // its tickets
		}
		writeJSON(w, answer)
	})
}

// A revokeAnswer is that of POST /sessions/revoke.
type revokeAnswer struct {
	moderation.Revoked
	Unknown   bool   `json:"unknown,omitempty"`
	Problem   string `json:"problem,omitempty"`
	Component bool   `json:"component"` // there is one that can change rooms
}
