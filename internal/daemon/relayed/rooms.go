// Package relayed answers one question: what do the gateway and the rooms of
// hosts with a relay know of each other? It ties the one's interfaces to the
// others', starts no goroutine and has no lock.
package relayed

import (
	"context"
	"time"

	"usher/auth"
	"usher/auth/gateway/relay"
	"usher/moderation"
	"usher/moderation/muc"
)

// Rooms are the rooms as the gateway asks about them.
type Rooms struct{ *muc.Gateway }

var _ relay.Rooms = Rooms{}

// Join decides about an available presence.
func (r Rooms) Join(ctx context.Context, q relay.JoinRequest) relay.JoinAnswer {
	return relay.JoinAnswer(r.Gateway.Join(ctx, muc.JoinRequest(q)))
}

// Conference decides about a request to jicofo.
func (r Rooms) Conference(ctx context.Context, q relay.JoinRequest) relay.JoinAnswer {
	return relay.JoinAnswer(r.Gateway.Conference(ctx, muc.JoinRequest(q)))
}

// Opens reports whether a token opens a room that an account has asked to enter.
func (r Rooms) Opens(id auth.Identity, account, room string) bool {
	s := moderation.NewSession(id, time.Time{})
	return r.Gateway.Opens(&s, account, room)
}

// Entered is told of an occupant's own presence.
func (r Rooms) Entered(ctx context.Context, q relay.JoinRequest) error {
	return r.Gateway.Entered(ctx, muc.JoinRequest(q))
}

// Left is told that an occupant is no more.
func (r Rooms) Left(q relay.JoinRequest) { r.Gateway.Left(muc.JoinRequest(q)) }
