package relay

import (
	"errors"
	"testing"

	"usher/e2e/client"
	"usher/e2e/tokens"
	"usher/e2e/world"
)

// records tells whether a request to record reaches jicofo.
func records(t testing.TB, p *world.Person, room string) bool {
	t.Helper()
	err := p.Record(world.Within(t), room+"/focus")
	if e, ok := errors.AsType[*client.StanzaError](err); ok && e.Condition == "forbidden" {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	return true
}

// TestFeatures: what the token says of recording counts; a token that says nothing leaves it to the role.
func TestFeatures(t *testing.T) {
	each(t, world.Options{}, func(t *testing.T, w *world.World) {
		room := world.Room("one")
		w.Begin(room)
		for _, c := range []struct {
			moderator bool
			features  any
			want      bool
		}{
			{true, nil, true}, {false, nil, false},
			{true, map[string]any{"recording": false}, false},
			{false, map[string]any{"recording": true}, true},
			{false, map[string]any{"recording": "true"}, true},
			{false, map[string]any{"recording": 1}, false},
		} {
			more := map[string]any{"moderator": c.moderator}
			claims := tokens.Claims("alice", "one", more)
			if c.features != nil {
				claims["context"].(map[string]any)["features"] = c.features
			}
			p := w.Follow(t, world.Link{Token: tokens.Sign(t, world.Meet, claims), Room: "one"})
			p.Meets(room)
			if got := records(t, p, room); got != c.want {
				t.Errorf("%+v: records: %v", c, got)
			}
			p.Leaves(room)
		}
	})
}

// TestLobby: with the lobby on by configuration, moderators and bypass tokens pass Jitsi's own lobby, others knock.
func TestLobby(t *testing.T) {
	o := world.Options{Host: "    lobby: {rooms: {\"*\": on}, enforce: members-only}\n"}
	each(t, o, func(t *testing.T, w *world.World) {
		room := world.Room("board")
		follow := func(account string, more map[string]any) *world.Person {
			return w.Follow(t, link(t, account, "board", more, "board"))
		}
		alice := follow("alice", tokens.Moderator())
		if got := alice.Meets(room); got != "moderator/owner" {
			t.Errorf("the moderator is %s", got)
		}
		guest := w.Follow(t, world.Link{Host: world.Guests, Room: "board"})
		guest.IsRefused(room, "registration-required")
		if got := follow("carol", tokens.Moderator()).Meets(room); got != "moderator/owner" {
			t.Errorf("another moderator is %s", got)
		}
		if got := follow("dora", map[string]any{"user.lobby_bypass": true}).Meets(room); got != "participant/member" {
			t.Errorf("who bypasses is %s", got)
		}
		lobby := "board@" + world.LobbyHost
		if _, err := guest.Join(world.Within(t), lobby, guest.Nick()); err != nil {
			t.Fatalf("knocking: %v", err)
		}
		alice.Sets(room, guest, "member")
		if got := guest.Joins(room); got != "participant/member" {
			t.Errorf("who was let in is %s", got)
		}
		stranger := w.Follow(t, link(t, "eve", "other", nil, "board"))
		turnedAway(t, stranger, lobby, "cancel/not-allowed")
	})
}
