package auth

import (
	"context"
	"log/slog"
	"time"

	"usher/internal/logattr"
	"usher/internal/text"
)

// logLogin writes the one line of a login that was let in, or of a ticket.
func (v *Verifier) logLogin(ctx context.Context, message string, c *Credentials, id *Identity, took time.Duration) {
	if !v.log.Enabled(ctx, slog.LevelInfo) {
		return
	}
	v.log.LogAttrs(ctx, slog.LevelInfo, message, slog.String("door", c.Door), logattr.Account(id.JID()),
		slog.String("issuer", id.Issuer), slog.String("key", id.KeyID), slog.String("token_id", text.Name(id.TokenID)), slog.Duration("took", took))
}

// logRefusal writes the one line of a login that was not. Account, issuer and
// key are told only if a signature proves them; what the client merely said is
// called name.
func (v *Verifier) logRefusal(ctx context.Context, c *Credentials, id *Identity, r *Refusal, took time.Duration) {
	level, message := slog.LevelInfo, "login refused"
	if r.Reason.Undecided() {
		message = "login not decided"
		if !r.routine { // anybody can write a new kid into a token
			level = slog.LevelError
		}
	}
	if !v.log.Enabled(ctx, level) {
		return
	}
	account := ""
	if id.Account != "" {
		account = id.JID()
	}
	v.log.LogAttrs(ctx, level, message, slog.String("door", c.Door), slog.String("reason", string(r.Reason)),
		slog.String("detail", r.Detail), logattr.Host(c.Host), slog.String("name", text.Name(c.Name)),
		logattr.Account(account), slog.String("issuer", id.Issuer), slog.String("key", id.KeyID), slog.Duration("took", took))
}
