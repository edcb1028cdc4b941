package relay

import (
	"testing"

	"usher/e2e/tokens"
	"usher/e2e/world"
)

// A hall is a room with a lobby, and how people come to it.
type hall struct {
	w            *world.World
	tenant, name string
	room, lobby  string // as the page addresses them
}

func (w hall) follow(t testing.TB, account string, claim any, more map[string]any) *world.Person {
	t.Helper()
	c := tokens.Claims(account, claim, more)
	if w.tenant != "" {
		c["sub"] = w.tenant
	}
	return w.w.Follow(t, world.Link{Token: tokens.Sign(t, world.Meet, c), Room: w.name, Tenant: w.tenant})
}

func (w hall) guest(t testing.TB) *world.Person {
	t.Helper()
	return w.w.Follow(t, world.Link{Host: world.Guests, Room: w.name, Tenant: w.tenant})
}

// meets wants this first presence.
func meets(t testing.TB, p *world.Person, room, want string) {
	t.Helper()
	if got := p.Meets(room); got != want {
		t.Errorf("%s: the first presence in %s is %s, want %s", p.Bare(), room, got, want)
	}
}

// holds wants the room to have a lobby: moderators and who bypasses it pass, a guest knocks, is seen and is let in, and
// other people's tokens open neither room.
func (w hall) holds(t *testing.T) {
	t.Helper()
	alice := w.follow(t, "alice", w.name, tokens.Moderator())
	meets(t, alice, w.room, "moderator/owner")
	w.holdsFor(t, alice)
}

func (w hall) holdsFor(t *testing.T, alice *world.Person) {
	t.Helper()
	guest := w.guest(t)
	guest.IsRefused(w.room, "registration-required")
	meets(t, w.follow(t, "carol", "*", tokens.Moderator()), w.room, "moderator/owner")
	meets(t, w.follow(t, "dora", w.name, map[string]any{"user.lobby_bypass": true}), w.room, "participant/member")
	w.follow(t, "erik", w.name, map[string]any{"user.lobby_bypass": false}).IsRefused(w.room, "registration-required")
	if _, err := alice.Join(world.Within(t), w.lobby, alice.Nick()); err != nil {
		t.Fatalf("the moderator in the lobby: %v", err)
	}
	if _, err := guest.Join(world.Within(t), w.lobby, guest.Nick()); err != nil {
		t.Fatalf("knocking: %v", err)
	}
	if err := alice.Sees(world.Within(t), w.lobby, guest.Nick()); err != nil {
		t.Fatalf("the moderator does not see who knocks: %v", err)
	}
	if err := alice.InviteTo(w.room, guest.JID()); err != nil {
		t.Fatal(err)
	}
	if err := guest.InvitedBy(world.Within(t), w.room); err != nil {
		t.Fatalf("who was let in is not told: %v", err)
	}
	meets(t, guest, w.room, "participant/member")
	stranger := w.follow(t, "eve", "elsewhere", tokens.Moderator())
	turnedAway(t, stranger, w.room, "cancel/not-allowed")
	turnedAway(t, stranger, w.lobby, "cancel/not-allowed")
}

// TestLobbies: each way to switch Jitsi's lobby on makes a lobby that holds.
func TestLobbies(t *testing.T) {
	o := world.Options{Relay: &world.Relay{Tenants: true},
		Host: "    lobby: {rooms: {\"*\": off, \"board*\": on}, enforce: members-only}\n"}
	each(t, o, func(t *testing.T, w *world.World) {
		plain := func(name string) hall {
			return hall{w: w, name: name, room: world.Room(name), lobby: name + "@" + world.LobbyHost}
		}
		t.Run("configured", func(t *testing.T) { plain("board").holds(t) })
		t.Run("tenant", func(t *testing.T) {
			h := hall{w, "acme", "board", "board@conference.acme." + world.Meet, "[acme]board@" + world.LobbyHost}
			h.holds(t)
			other := hall{w: w, tenant: "other", name: "board"}
			for _, room := range []string{h.room, h.lobby} {
				turnedAway(t, other.follow(t, "mallory", "*", tokens.Moderator()), room, "cancel/not-allowed")
			}
		})
		t.Run("by token", func(t *testing.T) {
			h := plain("quiz")
			more := tokens.Moderator()
			more["room.lobby"] = true
			alice := h.follow(t, "alice", "quiz", more)
			meets(t, alice, h.room, "moderator/owner")
			h.holdsFor(t, alice)
		})
		t.Run("by hand", func(t *testing.T) { byHand(t, plain("team")) })
		t.Run("whitelist", func(t *testing.T) { whitelisted(t, plain("board-list")) })
	})
}

// byHand has a moderator switch the lobby on, and off again, as Jitsi's page does.
func byHand(t *testing.T, h hall) {
	alice := h.follow(t, "alice", h.name, tokens.Moderator())
	meets(t, alice, h.room, "moderator/owner")
	early := h.guest(t)
	meets(t, early, h.room, "participant/none")
	alice.Sets(h.room, early, "member") // whoever is there stays
	if err := alice.MembersOnly(world.Within(t), h.room, true); err != nil {
		t.Fatal(err)
	}
	h.holdsFor(t, alice)
	early.Stays(h.room, "participant/member")
	listed := h.guest(t)
	h.w.Usher.Run(t, "lobby", "allow", listed.Bare())
	meets(t, listed, h.room, "participant/member")
	if err := alice.MembersOnly(world.Within(t), h.room, false); err != nil {
		t.Fatal(err)
	}
	meets(t, h.guest(t), h.room, "participant/none")
}

// whitelisted has an operator let people through the lobby: a user of tokens, an account, and a host.
func whitelisted(t *testing.T, h hall) {
	meets(t, h.follow(t, "alice", h.name, tokens.Moderator()), h.room, "moderator/owner")
	zoe := func() *world.Person {
		return h.follow(t, "zoe", h.name, map[string]any{"user.lobby_bypass": false})
	}
	first := zoe()
	first.IsRefused(h.room, "registration-required")
	h.w.Usher.Run(t, "lobby", "allow", "--user", "zoe")
	meets(t, zoe(), h.room, "participant/member")
	guest := h.guest(t)
	guest.IsRefused(h.room, "registration-required")
	h.w.Usher.Run(t, "lobby", "allow", guest.Bare())
	meets(t, guest, h.room, "participant/member")
	other := h.guest(t)
	other.IsRefused(h.room, "registration-required")
	h.w.Usher.Run(t, "lobby", "allow", "--room", h.name, world.Guests)
	if _, err := other.Join(world.Within(t), h.room, other.Nick()); err != nil { // a host's people: at the second try
		meets(t, other, h.room, "participant/member")
	}
	h.w.Usher.Run(t, "lobby", "remove", "--user", "zoe")
	h.w.Usher.Run(t, "lobby", "remove", "--room", h.name, world.Guests)
	zoe().IsRefused(h.room, "registration-required")
	h.guest(t).IsRefused(h.room, "registration-required")
}
