package reconcile_test

import (
	"testing"
	"time"

	"usher/auth"
	"usher/lobby"
	"usher/moderation"
	"usher/moderation/moderationtest"
	"usher/moderation/sessions"
)

// TestBeforeJoinLobby: who has to wait is given nothing, in a room that is there or in a new one; others are let in.
func TestBeforeJoinLobby(t *testing.T) {
	for _, mode := range []lobby.Mode{lobby.MembersOnly, lobby.Gate} {
		inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
			f, r, stop := startLobby(t, mode, order)
			defer stop()
			time.Sleep(10 * time.Second)
			waits := f.Identity("waits", "token of waits", "*")
			waits.LobbyBypass = auth.No
			f.Login(t, waits)
			f.Login(t, f.Identity("denied", "token of denied", "*"))
			f.Login(t, f.Identity("passes", "token of passes", "*"))
			f.Lobby.Knock(standup, "denied@"+host, "", true)
			if err := f.Decide(t.Context(), lobby.Verdict{Room: standup, JID: "denied@" + host}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
			r.Forget()
			for _, account := range []string{"waits", "denied", "passes"} {
				r.Room(standup).Give(account+"@"+host, moderation.None)
			}
			for _, account := range []string{"waits", "denied"} {
				f.before(t, account+"@"+host, standup)
			}
			if len(r.set()) > 0 {
				t.Errorf("%s: set for those who wait: %q", mode, r.set())
			}
			for _, account := range []string{"waits", "passes"} {
				f.before(t, account+"@"+host, "new@"+conference)
			}
			f.begins(t, "new@"+conference, map[string]moderation.Affiliation{"passes": moderation.Member})
			f.Joins(t, "waits@"+host, standup, moderation.ReasonLobby)
			if err := f.Decide(t.Context(), lobby.Verdict{Room: standup, JID: "waits@" + host, Admitted: true}); err != nil {
				t.Fatal(err)
			}
			f.before(t, "waits@"+host, standup)
			if r.has(standup, "waits@"+host) != moderation.Member {
				t.Errorf("%s: who was admitted is %q", mode, r.has(standup, "waits@"+host))
			}
			time.Sleep(time.Minute)
			if n := len(f.Lobby.Knocks("")); n != 0 {
				t.Errorf("%d knocks", n)
			}
		})
	}
}

// TestBeforeJoinAfterLogin: whoever joins while his login makes him a member of a room that only lets members in is one by
// then, by usher's doing, which a revocation takes back.
func TestBeforeJoinAfterLogin(t *testing.T) {
	for wait := range 8 {
		inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
			f, r, stop := startLobby(t, lobby.MembersOnly, order)
			defer stop()
			time.Sleep(time.Minute)
			r.reading(2 * time.Millisecond)
			r.setting(2 * time.Millisecond)
			f.Login(t, f.Identity("bob", "token of bob", "standup"))
			time.Sleep(time.Duration(wait) * time.Millisecond)
			f.before(t, "bob@"+host, standup)
			if r.has(standup, "bob@"+host) != moderation.Member {
				t.Errorf("after %d ms he joins as %q", wait, r.has(standup, "bob@"+host))
			}
			time.Sleep(time.Minute)
			if _, err := f.Revoke(t.Context(), sessions.Target{Account: "bob"}, false); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
			if r.has(standup, "bob@"+host) != moderation.None {
				t.Errorf("after %d ms: in the end he is %q: %q", wait, r.has(standup, "bob@"+host), r.set())
			}
		})
	}
}

// TestBeforeJoinLobbyLater: who announced himself and has to wait by the time the room is made does not begin as a member.
func TestBeforeJoinLobbyLater(t *testing.T) {
	f := newLobbyFixture(t, lobby.MembersOnly)
	f.Login(t, f.Identity("bob", "token of bob", "*"))
	f.before(t, "bob@"+host, "new@"+conference)
	f.Pass(time.Second)
	waits := f.Identity("bob", "another token", "*")
	waits.LobbyBypass = auth.No
	f.Login(t, waits)
	f.begins(t, "new@"+conference, nil)
}
