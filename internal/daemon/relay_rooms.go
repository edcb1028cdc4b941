package daemon

import (
	"context"
	"time"

	"usher/auth"
	"usher/auth/gateway/relay"
	"usher/moderation"
	"usher/moderation/muc"
)

// relayRooms are the rooms as the gateway asks about them.
type relayRooms struct{ *muc.Gateway }

var _ relay.Rooms = relayRooms{}

// Join decides about an available presence.
func (r relayRooms) Join(ctx context.Context, q relay.JoinRequest) relay.JoinAnswer {
	return relay.JoinAnswer(r.Gateway.Join(ctx, muc.JoinRequest(q)))
}

// Conference decides about a request to jicofo.
func (r relayRooms) Conference(ctx context.Context, q relay.JoinRequest) relay.JoinAnswer {
	return relay.JoinAnswer(r.Gateway.Conference(ctx, muc.JoinRequest(q)))
}

// Opens reports whether a token opens a room that an account has asked to enter.
func (r relayRooms) Opens(id auth.Identity, account, room string) bool {
	s := moderation.NewSession(id, time.Time{})
	return r.Gateway.Opens(&s, account, room)
}

// Entered is told of an occupant's own presence.
func (r relayRooms) Entered(ctx context.Context, q relay.JoinRequest) error {
	return r.Gateway.Entered(ctx, muc.JoinRequest(q))
}

// Left is told that an occupant is no more.
func (r relayRooms) Left(q relay.JoinRequest) { r.Gateway.Left(muc.JoinRequest(q)) }
