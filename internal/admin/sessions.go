package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"usher/auth"
	"usher/internal/recent"
	"usher/moderation/sessions"
)

// sessions answers usher sessions.
func (s *server) sessions(m *routes) {
	m.ask("GET /sessions", s.kept(func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.Sessions.List()) }))
	m.ask("GET /sessions/revoked", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, s.Revoker.Revocations())
	})
	m.ask("POST /sessions/revoked", func(w http.ResponseWriter, r *http.Request) {
		var question RevocationQuestion
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRevocationQuestion)).Decode(&question); err != nil {
			http.Error(w, "the body is no question", http.StatusBadRequest)
			return
		}
		writeJSON(w, RevocationAnswer{s.Sessions.Revoked(question.identity())})
	})
	m.ask("GET /sessions/revoke", s.kept(s.preview))
	m.change("POST /sessions/revoke", "sessions revoke", s.loaded(s.revoke))
	m.change("POST /sessions/allow", "sessions allow", s.allowAgain)
}

func (s *server) revoke(r *http.Request, c *recent.Change) (any, error) {
	answer := RevokeAnswer{Component: s.Component}
	target, err := targetOf(r.URL.Query())
	c.Target = nameOf(target)
	if err == nil {
		answer.Revoked, err = s.Revoker.Revoke(r.Context(), target, r.URL.Query().Get("all") == "true")
	}
	if !answer.At.IsZero() {
		answer.Cluster = s.reach(r.Context(), false)
	}
	if answer.explain(err); err != nil {
		c.Refuse(err)
	}
	return answer, nil
}

// preview tells what a revocation would do; shared where it would want all.
func (s *server) preview(w http.ResponseWriter, r *http.Request) {
	answer := RevokeAnswer{Component: s.Component}
	target, err := targetOf(r.URL.Query())
	if err == nil {
		answer.Revoked, err = s.Revoker.Preview(r.Context(), target)
	}
	answer.explain(err)
	answer.Shared = answer.Persons > 1
	writeJSON(w, answer)
}

func (s *server) allowAgain(r *http.Request, c *recent.Change) (any, error) {
	var answer AllowAnswer
	target, err := targetOf(r.URL.Query())
	c.Target = nameOf(target)
	if err == nil {
		answer.Allowed, err = s.Revoker.Allow(r.Context(), target)
	}
	if err == nil {
		answer.Cluster = s.reach(r.Context(), false)
	}
	if answer.Unknown = errors.Is(err, sessions.ErrNotRevoked); err != nil {
		answer.Problem = err.Error()
		c.Refuse(err)
	}
	return answer, nil
}

// nameOf names whose tokens are meant, as the command line does.
func nameOf(t sessions.Target) string {
	var words []string
	for _, w := range [][2]string{{"", t.Account}, {"--user ", t.User}, {"--token ", t.Token}, {"--host ", t.Host},
		{"--issuer ", t.Issuer}} {
		if w[1] != "" {
			words = append(words, w[0]+w[1])
		}
	}
	return strings.Join(words, " ")
}

// maxRevocationQuestion bounds a question, in bytes: a token has 64 KiB at most.
const maxRevocationQuestion = 1 << 20

// maxUser bounds an account claim as an operator writes it, in bytes: a localpart
// has no more.
const maxUser = 1023

// targetOf reads whose tokens are meant.
func targetOf(q url.Values) (t sessions.Target, err error) {
	t = sessions.Target{Account: q.Get("account"), User: q.Get("user"), Host: q.Get("host"), Issuer: q.Get("issuer")}
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

// A RevokeAnswer is that of POST /sessions/revoke, and of GET, which changes nothing and tells what would be done.
type RevokeAnswer struct {
	sessions.Revoked
	Unknown   bool   `json:"unknown,omitempty"`
	Shared    bool   `json:"shared,omitempty"` // nothing was done: it wants all=true
	Problem   string `json:"problem,omitempty"`
	Component bool   `json:"component"`         // there is one that can change rooms
	Cluster   *Reach `json:"cluster,omitempty"` // who else has it
}

func (a *RevokeAnswer) explain(err error) {
	switch {
	case err == nil:
	case errors.Is(err, sessions.ErrNoSuchSession):
		a.Unknown = true
	case errors.Is(err, sessions.ErrShared):
		a.Shared = true
	default:
		a.Problem = err.Error()
	}
}

// An AllowAnswer is that of POST /sessions/allow.
type AllowAnswer struct {
	sessions.Allowed
	Unknown bool   `json:"unknown,omitempty"`
	Problem string `json:"problem,omitempty"`
	Cluster *Reach `json:"cluster,omitempty"` // who else has it
}

// A RevocationQuestion is the body of POST /sessions/revoked: what a token
// proves, as far as a revocation looks at it.
type RevocationQuestion struct {
	Host       string    `json:"host"`
	Issuer     string    `json:"issuer"`
	User       string    `json:"user"`       // its account claim, or empty
	Thumbprint string    `json:"thumbprint"` // of the token
	IssuedAt   time.Time `json:"issued_at,omitzero"`
}

// questionOf is the question about the token that proves an identity.
func questionOf(id auth.Identity) RevocationQuestion {
	return RevocationQuestion{id.Host, id.Issuer, id.AccountClaim, id.TokenPrint, id.IssuedAt}
}

func (q RevocationQuestion) identity() auth.Identity {
	return auth.Identity{Host: q.Host, Issuer: q.Issuer, AccountClaim: q.User, TokenPrint: q.Thumbprint,
		IssuedAt: q.IssuedAt}
}

// A RevocationAnswer is that of POST /sessions/revoked.
type RevocationAnswer struct {
	Revoked bool `json:"revoked"`
}
