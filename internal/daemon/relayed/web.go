package relayed

import (
	"context"
	"time"

	"usher/auth"
	"usher/auth/gateway/relay"
	"usher/moderation"
	"usher/moderation/sessions"
)

// WebRooms decides about what Jitsi's page asks by plain HTTP. It implements the
// gateway's interface for that.
type WebRooms struct {
	Sessions *sessions.Sessions
	Gateway  Rooms
}

// HostOf returns the virtual host whose room an address is, or nothing.
func (w WebRooms) HostOf(room string) string {
	if _, h, err := w.Sessions.Policy().Find(room); err == nil {
		return h.Host
	}
	return ""
}

// RoomOf writes the address of a room of a host's first MUC component, as Jitsi's modules
// do.
func (w WebRooms) RoomOf(host, tenant, name string) string {
	h := w.Sessions.Policy().Host(host)
	if h == nil || len(h.MUC) == 0 {
		return ""
	}
	if tenant != "" {
		name = "[" + tenant + "]" + name
	}
	return name + "@" + h.MUC[0]
}

// MayAsk decides by a token alone, or, without one, as about the join of a guest.
func (w WebRooms) MayAsk(ctx context.Context, id auth.Identity, room string) relay.JoinAnswer {
	policy := w.Sessions.Policy()
	_, h, err := policy.Find(room)
	switch {
	case err != nil || h.Host != id.Host || !id.Anonymous:
	case id.Domain == "":
		return relay.JoinAnswer{Allowed: true, Reason: string(moderation.ReasonGuest)} // guests_start let it in
	default:
		return w.Gateway.Conference(ctx, relay.JoinRequest{Account: "guest@" + id.Domain, To: room})
	}
	d := policy.ByToken(id, room, time.Now())
	return relay.JoinAnswer{
		Allowed: d.Allowed, Reason: string(d.Reason), Text: d.Reason.ClientText(),
		Login: d.Reason == moderation.ReasonSessionEnded,
	}
}
