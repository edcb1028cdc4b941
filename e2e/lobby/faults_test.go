package lobby

import (
	"fmt"
	"strings"
	"testing"

	"usher/e2e/world"
)

// TestRoomsLobbyKilled: what was decided is known after a kill.
func TestRoomsLobbyKilled(t *testing.T) {
	eachLobby(t, func(t *testing.T, w *world.World, mode string) {
		r := world.Room("killed")
		alice := w.Moderator(t, "alice", "killed")
		alice.JoinsAs(r, "moderator/owner")
		guest, denied := w.Guest(t), w.Guest(t)
		guest.IsRefused(r, waits(mode))
		denied.IsRefused(r, waits(mode))
		w.Usher.Run(t, "lobby", "admit", r, guest.Bare())
		w.Usher.Run(t, "lobby", "deny", r, denied.Bare())
		w.Usher.Run(t, "lobby", "allow", "--note", "kept", "late@"+world.Guests)
		w.RestartUsher()
		member(t, w, r, guest, mode)
		guest.Joins(r)
		denied.IsRefused(r, "not-authorized")
		w.Guest(t).IsRefused(r, waits(mode))
		if out := w.Usher.Run(t, "lobby", "list"); !strings.Contains(out, "kept") {
			t.Errorf("list says\n%s", out)
		}
		alice.Stays(r, "moderator/owner")
	})
}

// TestRoomsLobbyAlone: without the component, or without usher, whoever has no decision waits, and who is in stays.
func TestRoomsLobbyAlone(t *testing.T) {
	eachLobby(t, func(t *testing.T, w *world.World, mode string) {
		r := world.Room("alone")
		alice := w.Moderator(t, "alice", "alone")
		alice.JoinsAs(r, "moderator/owner")
		w.Guest(t).IsRefused(r, waits(mode))
		w.Usher.Kill()
		w.Guest(t).IsRefused(r, "not-authorized")
		if got, err := alice.Self(r); err != nil || got.String() != "moderator/owner" {
			t.Errorf("alice is %v, %v", got, err)
		}
		before := w.Usher.Read("usher.yaml")
		w.Usher.Write("usher.yaml", strings.Replace(before, "component: {jid: "+world.UsherJID,
			"component: {jid: nobody.example.com", 1))
		w.Usher.Start()
		w.Warm()
		w.Guest(t).IsRefused(r, "not-authorized") // whether the room still lets in members only nobody can tell
		fresh := world.Room("fresh")
		w.Moderator(t, "bob", "fresh").Joins(fresh)
		w.Guest(t).IsRefused(fresh, "not-authorized") // nobody could make it members-only, so usher refuses
		if got, err := alice.Self(r); err != nil || got.String() != "moderator/owner" {
			t.Errorf("alice is %v, %v", got, err)
		}
	})
}

// TestRoomsLobbyTold: moderators get a message for each who knocks, once a minute, and are not flooded.
func TestRoomsLobbyTold(t *testing.T) {
	eachLobby(t, func(t *testing.T, w *world.World, mode string) {
		r := world.Room("told")
		alice, bob := w.Moderator(t, "alice", "told"), w.Participant(t, "bob", "told")
		alice.JoinsAs(r, "moderator/owner")
		bob.JoinsAs(r, "participant/member")
		guest := w.Guest(t)
		for range 3 {
			guest.IsRefused(r, waits(mode))
		}
		if err := alice.Told(world.Within(t), world.UsherJID, guest.Bare()); err != nil {
			t.Fatal(err)
		}
		for range 15 {
			w.Guest(t).IsRefused(r, waits(mode))
		}
		if err := alice.Told(world.Within(t), world.UsherJID, "people wait"); err != nil {
			t.Fatal(err)
		}
		if n := alice.Messages(world.UsherJID); n > 11 {
			t.Errorf("%d messages for 18 knocks within a minute", n)
		}
		if n := bob.Messages(world.UsherJID); n > 0 {
			t.Errorf("a participant got %d messages", n)
		}
		if n := len(knocks(t, w)); n != 16 {
			t.Errorf("%d knocks", n)
		}
		if out := w.Usher.Scrape(t); !strings.Contains(out, fmt.Sprintf("usher_lobby_waiting %d", 16)) {
			t.Errorf("the figure is not 16")
		}
	})
}

// TestRoomsLobbyProsodyRestarted: a Prosody that comes back without its rooms lets no guest in who should wait.
func TestRoomsLobbyProsodyRestarted(t *testing.T) {
	eachLobby(t, func(t *testing.T, w *world.World, mode string) {
		r := world.Room("restarted")
		w.Moderator(t, "alice", "restarted").JoinsAs(r, "moderator/owner")
		w.Guest(t).IsRefused(r, waits(mode))
		mark := w.Usher.Mark()
		if err := w.Prosody.Restart(world.Within(t)); err != nil {
			t.Fatal(err)
		}
		guest := w.Guest(t)
		guest.IsRefused(r, "not-authorized") // nobody has started it, and the component may be away
		w.Moderator(t, "alice", "restarted").JoinsAs(r, "moderator/owner")
		guest.IsRefusedAnyhow(r)
		w.AwaitComponent(mark)
		guest.IsRefused(r, waits(mode))
		w.Usher.Run(t, "lobby", "admit", r, guest.Bare())
		guest.IsInvited(r)
		guest.Joins(r)
	})
}
