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
type webRooms struct{ sessions *sessions.Sessions }

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
func (w webRooms) MayAsk(_ context.Context, id auth.Identity, room string) relay.JoinAnswer {
	policy := w.sessions.Policy()
	d := policy.ByToken(id, room, time.Now())
	if name, h, err := policy.Find(room); err == nil && h.Host == id.Host && id.Anonymous {
		if id.Domain == "" {
			return relay.JoinAnswer{Allowed: true, Reason: string(moderation.ReasonGuest)} // guests_start lets it in
		}
		d = h.Decide(w.sessions.View(h, "guest@"+id.Domain, name))
	}
	waits := d.Waits || d.HeldByRoom // Prosody answers the join
	return relay.JoinAnswer{
		Allowed: d.Allowed || waits, Reason: string(d.Reason), Text: d.Reason.ClientText(),
		NotStarted: d.Reason == moderation.ReasonNotStarted, Login: d.Reason == moderation.ReasonSessionEnded,
	}
}
