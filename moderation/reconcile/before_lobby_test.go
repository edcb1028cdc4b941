package reconcile_test

import (
	"testing"
	"testing/synctest"
	"time"

	"usher/auth"
	"usher/lobby"
	"usher/moderation"
	"usher/moderation/sessions"
)

// TestBeforeJoinLobby: who has to wait is given nothing, in a room that is there or in a new one; others are let in.
func TestBeforeJoinLobby(t *testing.T) {
	for _, mode := range []lobby.Mode{lobby.MembersOnly, lobby.Gate} {
		synctest.Test(t, func(t *testing.T) {
			f, l, r, stop := startLobby(t, mode)
			defer stop()
			time.Sleep(10 * time.Second)
			waits := f.Identity("waits", "token of waits", "*")
			waits.LobbyBypass = auth.No
			f.Login(t, waits)
			f.Login(t, f.Identity("denied", "token of denied", "*"))
			f.Login(t, f.Identity("passes", "token of passes", "*"))
			l.Knock("standup@"+conference, "denied@"+host, "", true)
			if err := f.Decide(t.Context(), lobby.Verdict{Room: "standup@" + conference, JID: "denied@" + host}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
			r.change(func() { r.sets, r.has = nil, map[string]moderation.Affiliation{"alice@" + host: moderation.Owner} })
			for _, account := range []string{"waits", "denied"} {
				f.before(t, account+"@"+host, "standup@"+conference)
			}
			r.change(func() {
				if len(r.sets) > 0 {
					t.Errorf("%s: set for those who wait: %q", mode, r.sets)
				}
			})
			for _, account := range []string{"waits", "passes"} {
				f.before(t, account+"@"+host, "new@"+conference)
			}
			f.begins(t, "new@"+conference, map[string]moderation.Affiliation{"passes": moderation.Member})
			f.Joins(t, "waits@"+host, "standup@"+conference, moderation.ReasonLobby)
			if err := f.Decide(t.Context(), lobby.Verdict{Room: "standup@" + conference, JID: "waits@" + host, Admitted: true}); err != nil {
				t.Fatal(err)
			}
			f.before(t, "waits@"+host, "standup@"+conference)
			r.change(func() {
				if r.has["waits@"+host] != moderation.Member {
					t.Errorf("%s: who was admitted is %q", mode, r.has["waits@"+host])
				}
			})
			time.Sleep(time.Minute)
			if n := len(l.Knocks("")); n != 0 {
				t.Errorf("%d knocks", n)
			}
		})
	}
}

// TestBeforeJoinAfterWelcome: whoever joins while his login makes him a member of a closed room is one by then, by usher's
// doing, which a revocation takes back.
func TestBeforeJoinAfterWelcome(t *testing.T) {
	for wait := range 8 {
		synctest.Test(t, func(t *testing.T) {
			f, _, r, stop := startLobby(t, lobby.MembersOnly)
			defer stop()
			time.Sleep(time.Minute)
			r.change(func() { r.latency, r.slow = 2*time.Millisecond, 2*time.Millisecond })
			f.Login(t, f.Identity("bob", "token of bob", "standup"))
			time.Sleep(time.Duration(wait) * time.Millisecond)
			f.before(t, "bob@"+host, "standup@"+conference)
			r.change(func() {
				if r.has["bob@"+host] != moderation.Member {
					t.Errorf("after %d ms he joins as %q", wait, r.has["bob@"+host])
				}
			})
			time.Sleep(time.Minute)
			if _, err := f.Revoke(t.Context(), sessions.Target{Account: "bob"}, false); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
			r.change(func() {
				if r.has["bob@"+host] != moderation.None {
					t.Errorf("after %d ms: in the end he is %q: %q", wait, r.has["bob@"+host], r.sets)
				}
			})
		})
	}
}

// TestBeforeJoinLobbyLater: who announced himself and has to wait by the time the room is made does not begin as a member.
func TestBeforeJoinLobbyLater(t *testing.T) {
	f, _ := newLobbyFixture(t, lobby.MembersOnly)
	f.Login(t, f.Identity("bob", "token of bob", "*"))
	f.before(t, "bob@"+host, "new@"+conference)
	f.Pass(time.Second)
	waits := f.Identity("bob", "another token", "*")
	waits.LobbyBypass = auth.No
	f.Login(t, waits)
	f.begins(t, "new@"+conference, nil)
}
