package daemon

import (
	"context"
	"log/slog"
	"time"

	"usher/auth"
	"usher/auth/signin"
	"usher/internal/cluster"
	"usher/internal/panics"
	"usher/moderation/sessions"
)

// newSignIn makes the door at which people sign in. It serves nothing before it is configured.
func newSignIn(v *auth.Verifier, rooms *roomParts, log *slog.Logger, p *panics.Reporter) (*signin.Server, error) {
	o := signin.Options{Outcomes: v, Sessions: signedIn{rooms}, Log: log, Panics: p}
	if rooms.cluster != nil {
		o.States = usedStates{rooms.cluster.node}
	}
	return signin.New(o)
}

// usedStates are those of all ushers of a cluster.
type usedStates struct{ node *cluster.Node }

// UseState reports whether a state is used for the first time anywhere.
func (s usedStates) UseState(ctx context.Context, print string, lasts time.Duration) (first bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, carryWithin)
	defer cancel()
	return s.node.Once(ctx, print, lasts)
}

// signedIn are the sessions of those who signed in here.
type signedIn struct{ rooms *roomParts }

// EndToken revokes one token.
func (s signedIn) EndToken(ctx context.Context, thumbprint string) error {
	_, err := s.rooms.Revoke(ctx, sessions.Target{Token: thumbprint}, true)
	return err
}
