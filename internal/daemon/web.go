package daemon

import (
	"context"
	"time"

	"usher/auth"
	"usher/auth/gateway/relay"
	"usher/moderation"
	"usher/moderation/sessions"
)

// webRooms decides about what Jitsi's page asks by plain HTTP. It implements the
// gateway's interface for that.
type webRooms struct {
	sessions *sessions.Sessions
	gateway  relayRooms
}

// HostOf returns the virtual host whose room an address is, or nothing.
func (w webRooms) HostOf(room string) string {
	if _, h, err := w.sessions.Policy().Find(room); err == nil {
		return h.Host
	}
	return ""
}

// RoomOf writes the address of a room of a host's first MUC component, as Jitsi's modules
// do.
func (w webRooms) RoomOf(host, tenant, name string) string {
	h := w.sessions.Policy().Host(host)
	if h == nil || len(h.MUC) == 0 {
		return ""
	}
	if tenant != "" {
		name = "[" + tenant + "]" + name
	}
	return name + "@" + h.MUC[0]
}

// MayAsk decides by a token alone, or, without one, as about the join of a guest.
func (w webRooms) MayAsk(ctx context.Context, id auth.Identity, room string) relay.JoinAnswer {
	policy := w.sessions.Policy()
	_, h, err := policy.Find(room)
	switch {
	case err != nil || h.Host != id.Host || !id.Anonymous:
	case id.Domain == "":
		return relay.JoinAnswer{Allowed: true, Reason: string(moderation.ReasonGuest)} // guests_start let it in
	default:
		return w.gateway.Conference(ctx, relay.JoinRequest{Account: "guest@" + id.Domain, To: room})
	}
	d := policy.ByToken(id, room, time.Now())
	return relay.JoinAnswer{
		Allowed: d.Allowed, Reason: string(d.Reason), Text: d.Reason.ClientText(),
		Login: d.Reason == moderation.ReasonSessionEnded,
	}
}
