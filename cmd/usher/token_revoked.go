package main

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"usher/auth"
	"usher/internal/admin"
)

// revokedWithin bounds how long an explanation waits for the daemon.
const revokedWithin = 2 * time.Second

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
	body, err := json.Marshal(admin.QuestionOf(id))
	if err != nil {
		return false, false
	}
	var answer admin.RevocationAnswer
	if err := admin.Call(ctx, m.socket, "POST", "/sessions/revoked", bytes.NewReader(body), &answer); err != nil {
		m.silent = true
		return false, false
	}
	return answer.Revoked, true
}
