package relay

import (
	"testing"

	"usher/e2e/prosody"
	"usher/e2e/tokens"
	"usher/e2e/world"
)

// av is the component with which moderators moderate media.
const av = "avmoderation." + world.Meet

// moderates asks it to do so, or no more.
func moderates(t *testing.T, p *world.Person, enable string, bosh bool) {
	t.Helper()
	request := "<message to='" + av + "'><av_moderation xmlns='jabber:client' enable='" + enable +
		"' mediaType='audio'/></message>"
	if err := says(t, p, request, "after-"+enable, bosh); err != nil {
		t.Fatal(err)
	}
}

// TestAVModeration: who is moderator by the token moderates media, and nobody else: Jitsi's module sees the role of the
// first presence, and the room in the address of the connection.
func TestAVModeration(t *testing.T) {
	lines := "muc_component = \"" + world.Conference + "\"\nbreakout_rooms_component = \"" + world.Breakout + "\"\n"
	o := world.Options{Relay: &world.Relay{}, More: []prosody.Host{
		{Name: av, Component: "av_moderation_component", Lines: lines},
		{Name: "metadata." + world.Meet, Component: "room_metadata_component", Lines: lines},
	}}
	each(t, o, func(t *testing.T, w *world.World) {
		both(t, func(t *testing.T, bosh bool) {
			name := "media"
			if bosh {
				name = "media-bosh"
			}
			follow := func(account string, more map[string]any) *world.Person {
				l := link(t, account, name, more, name)
				l.BOSH = bosh
				p := w.Follow(t, l)
				p.Meets(world.Room(name))
				return p
			}
			alice, bob := follow("alice", tokens.Moderator()), follow("bob", map[string]any{"moderator": false})
			moderates(t, bob, "true", bosh)
			if err := alice.Ping(world.Within(t), world.Meet); err != nil {
				t.Fatal(err)
			}
			if alice.WasNotified(av, `"enabled"`) {
				t.Error("a participant moderates")
			}
			moderates(t, alice, "true", bosh)
			if err := bob.Notified(world.Within(t), av, `"enabled":true`, "/"+alice.Nick()); err != nil {
				t.Errorf("a participant is not told: %v", err)
			}
			moderates(t, alice, "false", bosh)
			if err := bob.Notified(world.Within(t), av, `"enabled":false`, "/"+alice.Nick()); err != nil {
				t.Errorf("a participant is not told: %v", err)
			}
		})
	})
}
