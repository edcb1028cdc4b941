package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"usher/auth"
)

// revokedWithin bounds how long an explanation waits for the daemon.
const revokedWithin = 2 * time.Second

// A Memory asks a daemon what only the daemon knows. One goroutine uses it at a time.
type Memory struct {
	Socket string // empty: there is none
	silent bool   // it did not answer, and is not asked again
}

// Revoked asks whether tokens like the one that proves an identity are revoked. A daemon that did
// not answer within 2 s is not asked again.
func (m *Memory) Revoked(ctx context.Context, id auth.Identity) (revoked, known bool) {
	if m.Socket == "" || m.silent {
		return false, false
	}
	ctx, cancel := context.WithTimeout(ctx, revokedWithin)
	defer cancel()
	body, err := json.Marshal(questionOf(id))
	if err != nil {
		return false, false
	}
	var answer RevocationAnswer
	if err := Call(ctx, m.Socket, "POST", "/sessions/revoked", bytes.NewReader(body), &answer); err != nil {
		m.silent = true
		return false, false
	}
	return answer.Revoked, true
}
