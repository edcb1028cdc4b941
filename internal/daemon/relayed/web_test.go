package relayed

import (
	"testing"

	"usher/auth"
	"usher/internal/memory"
	"usher/metrics"
	"usher/moderation"
	"usher/moderation/moderationtest"
	"usher/moderation/muc"
	"usher/moderation/occupancy"
	"usher/moderation/unasked"
)

// Who is not connected yet may ask about a room that a join would be let into by its
// token, or about one that has started; spelled in any way that leads there.
func TestWebRooms(t *testing.T) {
	policy, err := moderation.NewPolicy([]moderation.HostPolicy{{Host: moderationtest.Host, Tenants: true, Relay: true,
		MUC: []string{moderationtest.Conference}, Guests: []string{"guest." + moderationtest.Host}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	w := moderationtest.NewWorld(t, moderationtest.WorldOptions{Policy: policy})
	seen := occupancy.New(memory.New(), w.Sessions.Rooms(), occupancy.Options{})
	service := muc.New(muc.Options{Sessions: w.Sessions, Unasked: unasked.NewReporter(unasked.Options{Limits: unasked.UsualLimits(),
		Policy: w.Sessions.Policy}), Metrics: metrics.New("test")})
	rooms := WebRooms{w.Sessions, Rooms{&muc.Gateway{Service: service, Occupancy: seen}}}
	id := w.Identity("alice", "a token", "standup")
	guest := auth.Identity{Host: moderationtest.Host, Domain: "guest." + moderationtest.Host, Anonymous: true}
	id.Subject = moderationtest.Host
	other := id
	other.Host = "other.example"
	for name, c := range map[string]struct {
		id      auth.Identity
		room    string
		reason  string
		allowed bool
	}{
		"its room":               {id, moderationtest.Standup, "token", true},
		"in another spelling":    {id, "STANDUP@" + "Conference." + moderationtest.Host + ".", "token", true},
		"another room":           {id, "retro@conference." + moderationtest.Host, "room_mismatch", false},
		"a mapper's address":     {id, "standup@conference.acme." + moderationtest.Host, "tenant_mismatch", false},
		"no room":                {id, "standup@conference.evil.example", "unknown_room", false},
		"no address":             {id, "standup", "unknown_room", false},
		"of another host":        {other, moderationtest.Standup, "unknown_room", false},
		"an early guest":         {guest, moderationtest.Standup, "not_started", false},
		"a guest without a room": {guest, "standup@evil.example", "unknown_room", false},
	} {
		got := rooms.MayAsk(t.Context(), c.id, c.room)
		if got.Allowed != c.allowed || got.Reason != c.reason || (got.Text == "") != c.allowed || got.NotStarted != (c.reason == "not_started") {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if h := rooms.HostOf("x@CONFERENCE." + moderationtest.Host); h != moderationtest.Host {
		t.Errorf("a room is of host %q", h)
	}
	if h := rooms.HostOf("x@conference.evil.example"); h != "" {
		t.Errorf("a room of others is of host %q", h)
	}
	if room := rooms.RoomOf(moderationtest.Host, "acme", "x"); room != "[acme]x@conference."+moderationtest.Host {
		t.Errorf("a room is called %q", room)
	}
	if room := rooms.RoomOf("other.example", "", "x"); room != "" {
		t.Errorf("a room of no host is called %q", room)
	}
}
