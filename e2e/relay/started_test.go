package relay

import (
	"errors"
	"testing"

	"usher/e2e/client"
	"usher/e2e/tokens"
	"usher/e2e/world"
)

// waits wants a conference not to be ready yet, in the way on which Jitsi's page asks again by itself.
func waits(t testing.TB, p *world.Person, room string) {
	t.Helper()
	err := p.Confers(room)
	if e, ok := errors.AsType[*client.StanzaError](err); !ok || e.Error() != "auth/not-authorized" {
		t.Errorf("asking for %s: %v, want auth/not-authorized", room, err)
	}
}

// TestEarlyGuest: a guest comes in once a token holder is there, and nothing that others make starts a room.
func TestEarlyGuest(t *testing.T) {
	each(t, world.Options{}, func(t *testing.T, w *world.World) {
		both(t, func(t *testing.T, bosh bool) {
			one := "early"
			if bosh {
				one = "early-bosh"
			}
			room := world.Room(one)
			guest := w.Follow(t, world.Link{Host: world.Guests, Room: one, BOSH: bosh})
			waits(t, guest, room)
			w.Begin(room) // jicofo's doing is nobody's start
			waits(t, guest, room)
			if first, err := guest.Join(world.Within(t), room, guest.Nick()); err == nil {
				t.Fatalf("a guest started the room, as %s", first)
			}
			host := w.Follow(t, link(t, "alice", one, tokens.Moderator(), one))
			host.Meets(room)
			if got := guest.Meets(room); got != "participant/none" {
				t.Errorf("the guest is %s", got)
			}
			host.Leaves(room)
			other := w.Follow(t, world.Link{Host: world.Guests, Room: one, BOSH: bosh})
			if got := other.Meets(room); got != "participant/none" {
				t.Errorf("while a guest is there, another is %s", got)
			}
			guest.Leaves(room)
			other.Leaves(room)
			waits(t, w.Follow(t, world.Link{Host: world.Guests, Room: one, BOSH: bosh}), room)
		})
	})
}

// TestBlink: a room stays started while the connection of its only token holder is cut.
func TestBlink(t *testing.T) {
	each(t, world.Options{}, func(t *testing.T, w *world.World) {
		room := world.Room("blink")
		l := link(t, "alice", "blink", tokens.Moderator(), "blink")
		host := w.Follow(t, l)
		id, err := host.Resumable()
		if err != nil {
			t.Fatal(err)
		}
		host.Meets(room)
		if err := host.Cut(); err != nil {
			t.Fatal(err)
		}
		guest := w.Follow(t, world.Link{Host: world.Guests, Room: "blink"})
		if got := guest.Meets(room); got != "participant/none" {
			t.Errorf("the guest is %s", got)
		}
		l.Resume = id
		w.Follow(t, l)
	})
}

// TestAllowEmptyToken: with allow_empty_token who has no token is in Prosody without one, and no owner where
// mod_muc_allowners makes owners of those with a token.
func TestAllowEmptyToken(t *testing.T) {
	each(t, world.Options{Host: "    guests_start: true\n", Relay: &world.Relay{Lines: "allow_empty_token: true",
		Prosody: "allow_empty_token = true\n"}}, func(t *testing.T, w *world.World) {
		room := world.Room("open")
		if got := w.Follow(t, world.Link{Room: "open"}).Meets(room); got == "" || got == "moderator/owner" {
			t.Errorf("who has no token is %s", got)
		}
	})
}

// TestGuestsStart: with guests_start nobody waits for a token.
func TestGuestsStart(t *testing.T) {
	each(t, world.Options{Host: "    guests_start: true\n"}, func(t *testing.T, w *world.World) {
		room := world.Room("open")
		p := w.Follow(t, world.Link{Room: "open"})
		if got := p.Meets(room); got == "" || got == "moderator/owner" {
			t.Errorf("who has no token is %s", got)
		}
		guest := w.Follow(t, world.Link{Host: world.Guests, Room: "open"})
		if got := guest.Meets(room); got != "participant/none" {
			t.Errorf("the guest is %s", got)
		}
	})
}
