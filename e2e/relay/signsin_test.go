package relay

import (
	"testing"

	"usher/e2e/tokens"
	"usher/e2e/world"
)

// TestGuestSignsIn: a guest who signs in during the call goes on as the same occupant, with the rights of the token; not by
// a token for another room, and not at a Prosody that would keep the rights of a guest.
func TestGuestSignsIn(t *testing.T) {
	each(t, world.Options{Relay: &world.Relay{Guests: "jitsi-anonymous"}}, func(t *testing.T, w *world.World) {
		room := world.Room("one")
		w.Follow(t, link(t, "alice", "one", tokens.Moderator(), "one")).Meets(room)
		guest := calls(t, w, world.Link{Host: world.Guests, Room: "one"})
		if got := guest.enters(t, room); got != "participant/none" {
			t.Fatalf("the guest is %s", got)
		}
		_ = guest.Cut()
		signedIn := func(opens string) world.Link {
			l := link(t, "bob", opens, tokens.Moderator(), "one")
			l.Host, l.Resume = world.Guests, guest.id
			return l
		}
		notTakenUp(t, w, signedIn("two"))
		if onSeries(t, "0.12") {
			notTakenUp(t, w, signedIn("one"))
			return
		}
		again := guest.back(t, w, signedIn("one"))
		again.gets(t, "<presence", room+"/"+guest.nick(), "110", "owner", "moderator")
	})
}
