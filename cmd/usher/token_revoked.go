package main

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"usher/auth"
)

// revokedWithin bounds how long an explanation waits for the daemon.
const revokedWithin = 2 * time.Second

// A revocationQuestion is the body of POST /sessions/revoked: what a token
// proves, as far as a revocation looks at it.
type revocationQuestion struct {
	Host       string    `json:"host"`
	Issuer     string    `json:"issuer"`
	User       string    `json:"user"`       // its account claim, or empty
	Thumbprint string    `json:"thumbprint"` // of the token
	IssuedAt   time.Time `json:"issued_at,omitzero"`
}

func (q revocationQuestion) identity() auth.Identity {
	return auth.Identity{Host: q.Host, Issuer: q.Issuer, AccountClaim: q.User, TokenPrint: q.Thumbprint, IssuedAt: q.IssuedAt}
}

type revocationAnswer struct {
	Revoked bool `json:"revoked"`
}

// A daemonMemory asks the daemon what only the daemon knows.
type daemonMemory struct {
	socket string // empty: there is none
	silent bool   // it did not answer, and is not asked again
}

// revoked asks whether tokens like this one are revoked.
func (m *daemonMemory) revoked(ctx context.Context, id auth.Identity) (revoked, known bool) {
	if m.socket == "" || m.silent {
		return false, false
	}
	ctx, cancel := context.WithTimeout(ctx, revokedWithin)
	defer cancel()
	body, err := json.Marshal(revocationQuestion{id.Host, id.Issuer, id.AccountClaim, id.TokenPrint, id.IssuedAt})
	if err != nil {
		return false, false
	}
	var answer revocationAnswer
	if err := callAdminWith(ctx, m.socket, "POST", "/sessions/revoked", bytes.NewReader(body), &answer); err != nil {
		m.silent = true
		return false, false
	}
	return answer.Revoked, true
}
