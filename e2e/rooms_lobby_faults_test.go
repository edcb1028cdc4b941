package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestRoomsLobbyKilled: what was decided is known after a kill.
func TestRoomsLobbyKilled(t *testing.T) {
	eachLobby(t, func(t *testing.T, w *roomsWorld, mode string) {
		r := room("killed")
		alice := w.enter(t, "alice", "killed", moderator)
		alice.joinAs(r, "moderator/owner")
		guest, denied := w.guest(t), w.guest(t)
		guest.refused(r, waits(mode))
		denied.refused(r, waits(mode))
		w.run(t, "lobby", "admit", r, guest.bare())
		w.run(t, "lobby", "deny", r, denied.bare())
		w.run(t, "lobby", "allow", "--note", "kept", "late@"+guests)
		w.restartUsher()
		w.member(t, r, guest, mode)
		guest.join(r)
		denied.refused(r, "not-authorized")
		w.guest(t).refused(r, waits(mode))
		if out := w.run(t, "lobby", "list"); !strings.Contains(out, "kept") {
			t.Errorf("list says\n%s", out)
		}
		alice.stays(r, "moderator/owner")
	})
}

// TestRoomsLobbyAlone: without the component, or without usher, whoever has no decision waits, and who is in stays.
func TestRoomsLobbyAlone(t *testing.T) {
	eachLobby(t, func(t *testing.T, w *roomsWorld, mode string) {
		r := room("alone")
		alice := w.enter(t, "alice", "alone", moderator)
		alice.joinAs(r, "moderator/owner")
		w.guest(t).refused(r, waits(mode))
		w.usher.kill()
		w.guest(t).refused(r, "not-authorized")
		if got, err := alice.Self(r); err != nil || got.String() != "moderator/owner" {
			t.Errorf("alice is %v, %v", got, err)
		}
		before := w.usher.read("usher.yaml")
		w.usher.write("usher.yaml", strings.Replace(before, "component: {jid: "+usherJID, "component: {jid: nobody.example.com", 1))
		w.usher.start()
		w.warm()
		w.guest(t).refused(r, "not-authorized") // whether the room still lets in members only nobody can tell
		fresh := room("fresh")
		w.enter(t, "bob", "fresh", moderator).join(fresh)
		w.guest(t).refused(fresh, "not-authorized") // nobody could make it members-only, so usher refuses
		if got, err := alice.Self(r); err != nil || got.String() != "moderator/owner" {
			t.Errorf("alice is %v, %v", got, err)
		}
	})
}

// TestRoomsLobbyTold: moderators get a message for each who knocks, once a minute, and are not flooded.
func TestRoomsLobbyTold(t *testing.T) {
	eachLobby(t, func(t *testing.T, w *roomsWorld, mode string) {
		r := room("told")
		alice, bob := w.enter(t, "alice", "told", moderator), w.enter(t, "bob", "told", nil)
		alice.joinAs(r, "moderator/owner")
		bob.joinAs(r, "participant/member")
		guest := w.guest(t)
		for range 3 {
			guest.refused(r, waits(mode))
		}
		if err := alice.Told(within(t), usherJID, guest.bare()); err != nil {
			t.Fatal(err)
		}
		for range 15 {
			w.guest(t).refused(r, waits(mode))
		}
		if err := alice.Told(within(t), usherJID, "people wait"); err != nil {
			t.Fatal(err)
		}
		if n := alice.Messages(usherJID); n > 11 {
			t.Errorf("%d messages for 18 knocks within a minute", n)
		}
		if n := bob.Messages(usherJID); n > 0 {
			t.Errorf("a participant got %d messages", n)
		}
		if n := len(w.knocks(t)); n != 16 {
			t.Errorf("%d knocks", n)
		}
		if out := w.usher.scrape(t); !strings.Contains(out, fmt.Sprintf("usher_lobby_waiting %d", 16)) {
			t.Errorf("the figure is not 16")
		}
	})
}

// TestRoomsLobbyProsodyRestarted: a Prosody that comes back without its rooms lets no guest in who should wait.
func TestRoomsLobbyProsodyRestarted(t *testing.T) {
	eachLobby(t, func(t *testing.T, w *roomsWorld, mode string) {
		r := room("restarted")
		w.enter(t, "alice", "restarted", moderator).joinAs(r, "moderator/owner")
		w.guest(t).refused(r, waits(mode))
		mark := w.usher.mark(t)
		if err := w.prosody.Restart(within(t)); err != nil {
			t.Fatal(err)
		}
		guest := w.guest(t)
		guest.refused(r, "not-authorized") // nobody has started it, and the component may be away
		w.enter(t, "alice", "restarted", moderator).joinAs(r, "moderator/owner")
		guest.refusedAny(r)
		w.usher.awaitFor(t, mark, "component connected", 30*time.Second)
		guest.refused(r, waits(mode))
		w.run(t, "lobby", "admit", r, guest.bare())
		guest.invited(r)
		guest.join(r)
	})
}
