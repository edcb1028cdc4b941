package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"usher/auth"
	"usher/moderation"
)

// admin answers usher sessions and usher lobby.
func (p *roomParts) admin(mux *http.ServeMux) {
	p.adminLobby(mux)
	mux.HandleFunc("GET /sessions", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, p.sessions.List()) })
	mux.HandleFunc("GET /sessions/revoked", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, p.sessions.Revocations()) })
	mux.HandleFunc("POST /sessions/revoked", func(w http.ResponseWriter, r *http.Request) {
		var question revocationQuestion
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRevocationQuestion)).Decode(&question); err != nil {
			http.Error(w, "the body is no question", http.StatusBadRequest)
			return
		}
		writeJSON(w, revocationAnswer{p.sessions.Revoked(question.identity())})
	})
	mux.HandleFunc("POST /sessions/revoke", func(w http.ResponseWriter, r *http.Request) {
		answer := revokeAnswer{Component: p.component != nil}
		target, err := targetOf(r.URL.Query())
		if err == nil {
			var touched moderation.Touched
			answer.Revoked, touched, err = p.sessions.Revoke(r.Context(), target, r.URL.Query().Get("all") == "true")
			p.touch(touched)
		}
		answer.explain(err)
		writeJSON(w, answer)
	})
	mux.HandleFunc("POST /sessions/allow", func(w http.ResponseWriter, r *http.Request) {
		var answer allowAnswer
		target, err := targetOf(r.URL.Query())
		if err == nil {
			answer.Allowed, err = p.sessions.Allow(r.Context(), target)
		}
		if answer.Unknown = errors.Is(err, moderation.ErrNotRevoked); err != nil {
			answer.Problem = err.Error()
		}
		writeJSON(w, answer)
	})
}

// maxRevocationQuestion bounds a question, in bytes: a token has 64 KiB at most.
const maxRevocationQuestion = 1 << 20

// maxUser bounds an account claim as an operator writes it, in bytes: a localpart
// has no more.
const maxUser = 1023

// targetOf reads whose tokens are meant.
func targetOf(q url.Values) (t moderation.Target, err error) {
	t = moderation.Target{Account: q.Get("account"), User: q.Get("user"), Host: q.Get("host"), Issuer: q.Get("issuer")}
	n := 0
	for _, name := range []string{"account", "user", "token"} {
		if q.Get(name) != "" {
			n++
		}
	}
	if n != 1 {
		return t, errors.New("give one of: an account, --user ID, --token THUMBPRINT")
	}
	if len(t.User) > maxUser {
		return t, fmt.Errorf("--user: %d bytes; an account has %d at most", len(t.User), maxUser)
	}
	if token := q.Get("token"); token != "" {
		t.Token, err = auth.ParseThumbprint(token)
	}
	return t, err
}

// A revokeAnswer is that of POST /sessions/revoke.
type revokeAnswer struct {
	moderation.Revoked
	Unknown   bool   `json:"unknown,omitempty"`
	Shared    bool   `json:"shared,omitempty"` // nothing was done: it wants all=true
	Problem   string `json:"problem,omitempty"`
	Component bool   `json:"component"` // there is one that can change rooms
}

func (a *revokeAnswer) explain(err error) {
	switch {
	case err == nil:
	case errors.Is(err, moderation.ErrNoSuchSession):
		a.Unknown = true
	case errors.Is(err, moderation.ErrShared):
		a.Shared = true
	default:
		a.Problem = err.Error()
	}
}

// An allowAnswer is that of POST /sessions/allow.
type allowAnswer struct {
	moderation.Allowed
	Unknown bool   `json:"unknown,omitempty"`
	Problem string `json:"problem,omitempty"`
}
