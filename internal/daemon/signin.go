package daemon

import (
	"context"
	"log/slog"

	"usher/auth"
	"usher/auth/signin"
	"usher/internal/panics"
	"usher/moderation/sessions"
)

// newSignIn makes the door at which people sign in. It serves nothing before it is configured.
func newSignIn(v *auth.Verifier, rooms *roomParts, log *slog.Logger, p *panics.Reporter) (*signin.Server, error) {
	o := signin.Options{Outcomes: v, Sessions: signedIn{rooms}, Log: log, Panics: p}
	return signin.New(o)
}

// signedIn are the sessions of those who signed in here.
type signedIn struct{ rooms *roomParts }

// EndToken revokes one token.
func (s signedIn) EndToken(ctx context.Context, thumbprint string) error {
	_, err := s.rooms.Revoke(ctx, sessions.Target{Token: thumbprint}, true)
	return err
}
