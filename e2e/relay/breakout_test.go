package relay

import (
	"testing"

	"usher/e2e/tokens"
	"usher/e2e/world"
)

// breakout has a moderator make a breakout room of the main room that it is in, and returns its address.
func breakout(t testing.TB, moderator *world.Person) string {
	t.Helper()
	if err := moderator.AddBreakout(world.Breakout); err != nil {
		t.Fatal(err)
	}
	rooms, err := moderator.Breakouts(world.Within(t), world.Breakout, 1)
	if err != nil {
		t.Fatalf("no breakout room: %v", err)
	}
	return rooms[0]
}

// TestBreakout: in a breakout room everybody is at once what the main room has made of it, and comes back as that;
// who was not in the main room stays out.
func TestBreakout(t *testing.T) {
	for name, relay := range map[string]*world.Relay{
		"component": {},
		"alone":     {NoComponent: true, Modules: `"token_affiliation", `},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, world.Options{Relay: relay}, breakoutRooms)
		})
	}
}

func breakoutRooms(t *testing.T, w *world.World) {
	both(t, func(t *testing.T, bosh bool) {
		main := "main"
		if bosh {
			main = "main-bosh"
		}
		room := world.Room(main)
		follow := func(account string, more map[string]any) *world.Person {
			l := link(t, account, main, more, main)
			l.BOSH = bosh
			return w.Follow(t, l)
		}
		people := []struct {
			*world.Person
			want string
		}{
			{follow("alice", tokens.Moderator()), "moderator/owner"},
			{follow("bob", nil), "participant/member"},
			{w.Follow(t, world.Link{Host: world.Guests, Room: main, BOSH: bosh}), "participant/none"},
		}
		for _, p := range people {
			if got := p.Meets(room); got != p.want {
				t.Errorf("%s: first presence in the main room %s, want %s", p.Bare(), got, p.want)
			}
		}
		inner := breakout(t, people[0].Person)
		stranger := follow("dora", tokens.Moderator())
		turnedAway(t, stranger, inner, "cancel/not-allowed")
		for _, p := range people {
			p.Leaves(room)
			if got := p.Meets(inner); got != p.want {
				t.Errorf("%s: first presence in the breakout room %s, want %s", p.Bare(), got, p.want)
			}
		}
		for _, p := range people[1:] { // the main room is as started as it was
			p.Leaves(inner)
			if got := p.Meets(room); got != p.want {
				t.Errorf("%s: first presence back in the main room %s, want %s", p.Bare(), got, p.want)
			}
		}
	})
}
