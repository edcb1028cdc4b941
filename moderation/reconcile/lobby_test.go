package reconcile_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"usher/lobby"
	"usher/moderation"
	"usher/moderation/moderationtest"
	"usher/moderation/muc"
	"usher/moderation/sessions"
)

// TestLobbyMembers: with members-only the room is closed once its creator is in, those in it stay, an admitted guest is
// made a member and then invited, and what is opened by hand stays open.
func TestLobbyMembers(t *testing.T) {
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		f, r, stop := startLobby(t, lobby.MembersOnly, order)
		defer stop()
		guest := "g@guest." + host
		h := &muc.Handler{Service: f.Service}
		held := func() bool {
			code, answer := moderationtest.Ask(h, "/muc/join?userJID=g%40guest."+host+"&mucJID=standup%40"+conference+"&nickname=G")
			return code == 200 && answer["allowed"] == true // the room itself refuses
		}
		r.enter(standup, "old@guest."+host) // was let in before
		time.Sleep(time.Second)
		closed, in := r.Room(standup).MembersOnly(), r.role(standup, "old@guest."+host)
		if !closed || in == "" {
			t.Errorf("closed %v, who was in is %q", closed, in)
		}
		if !held() {
			t.Error("a guest is not left to a room that lets members in only")
		}
		byHand := "h@guest." + host // a moderator invites him, as Jitsi's lobby does
		r.Room(standup).Give(byHand, moderation.Member)
		if d := f.Join(t.Context(), byHand, standup, "H"); !d.HeldByRoom {
			t.Errorf("who was let in by the room's own means: %+v", d)
		}
		r.enter(standup, byHand)
		time.Sleep(time.Second)
		told := strings.Join(r.Seen().Told, "; ")
		if knocks := f.Lobby.Knocks(""); len(knocks) != 1 || knocks[0].JID != guest || strings.Contains(told, byHand) || !strings.Contains(told, guest) {
			t.Errorf("knocks %+v, told %s", knocks, told)
		}
		if err := f.Decide(t.Context(), lobby.Verdict{Room: "standup@" + conference, JID: guest, Admitted: true}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		has, invited := r.has(standup, guest), strings.Join(r.Seen().Invited, ", ")
		r.Room(standup).SetMembersOnly(false) // a moderator opens it
		if has != moderation.Member || invited != guest+" to standup@"+conference {
			t.Errorf("admitted: %q, invited: %q", has, invited)
		}
		f.Joins(t, guest, standup, moderation.ReasonAdmitted)
		time.Sleep(time.Minute)
		closed = r.Room(standup).MembersOnly()
		if closed {
			t.Error("a room that was opened by hand was closed again")
		}
		f.Joins(t, "other@guest."+host, standup, moderation.ReasonGuest)
	})
}

// TestLobbyNewConnection: what a room was on another connection is nothing to rely on. Prosody may have been restarted,
// and the room be open: that is no decision of a moderator, and until it is closed again usher itself refuses.
func TestLobbyNewConnection(t *testing.T) {
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		f, r, stop := startLobby(t, lobby.MembersOnly, order)
		defer stop()
		time.Sleep(time.Second)
		guest := func() moderation.Decision { return f.Join(t.Context(), "g@guest."+host, standup, "g") }
		if d := guest(); !d.HeldByRoom {
			t.Errorf("on the first connection: %+v", d)
		}
		set := func(connection uint64, closed bool) {
			r.Renumber(connection)
			r.Room(standup).SetMembersOnly(closed)
		}
		set(0, false)
		if d := guest(); d.HeldByRoom || d.Allowed {
			t.Errorf("without a connection: %+v", d)
		}
		set(2, false)
		if d := guest(); !d.HeldByRoom {
			t.Errorf("on the next connection: %+v", d)
		}
		if !r.Room(standup).MembersOnly() {
			t.Error("a guest was left to a room that lets everybody in")
		}
	})
}

// TestLobbyStateFails: a decision that cannot be written is none.
func TestLobbyStateFails(t *testing.T) {
	f := newLobbyFixture(t, lobby.Gate)
	f.Moderator(t, "alice", "standup")
	f.Create(t.Context(), standup)
	f.Joins(t, "alice@"+host, standup, moderation.ReasonToken)
	f.Joins(t, "g@guest."+host, standup, moderation.ReasonLobby)
	f.Store.Fail(fmt.Errorf("disk full"))
	v := lobby.Verdict{Room: "standup@" + conference, JID: "g@guest." + host, Admitted: true}
	if f.Decide(t.Context(), v) == nil {
		t.Error("admitted without a state")
	}
	f.Joins(t, "g@guest."+host, standup, moderation.ReasonLobby)
	f.Joins(t, "alice@"+host, standup, moderation.ReasonToken)
}

// TestLobbyBeforeTheStart: whoever is on the whitelist is a member of a room before anybody has started it, and stays
// one, though he is not let in yet.
func TestLobbyBeforeTheStart(t *testing.T) {
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		f := newLobbyFixture(t, lobby.MembersOnly)
		guest := "g@guest." + host
		if err := f.Lobby.Allow(t.Context(), lobby.Entry{JID: guest}); err != nil {
			t.Fatal(err)
		}
		r := newRooms(t, order, time.Millisecond)
		defer f.Act(t, r)()
		seeds, d := f.Create(t.Context(), standup)
		if !d.Allowed || seeds[guest] != moderation.Member {
			t.Fatalf("%v, %+v", seeds, d)
		}
		r.Room(standup).Give(guest, moderation.Member)
		f.Joins(t, guest, standup, moderation.ReasonNotStarted)
		f.Moderator(t, "alice", "standup") // has the room reconciled
		time.Sleep(time.Second)
		has := r.has(standup, guest)
		if has != moderation.Member || len(f.Lobby.Knocks("")) != 0 {
			t.Errorf("he is %s, knocks %+v", has, f.Lobby.Knocks(""))
		}
	})
}

// TestGrantAtLogin: who logs in while a room lets in members only is a member at once; whoever was banned, or made an
// owner, by hand and was never seen there is that afterwards as before.
func TestGrantAtLogin(t *testing.T) {
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		f, r, stop := startLobby(t, lobby.MembersOnly, order)
		defer stop()
		time.Sleep(10 * time.Second)
		by := map[string]moderation.Affiliation{"bob": moderation.None, "mallory": moderation.Outcast, "olga": moderation.Owner}
		for account, a := range by {
			r.Room(standup).Give(account+"@"+host, a)
		}
		by["bob"] = moderation.Member
		for account, want := range by {
			f.Login(t, f.Identity(account, "token of "+account, "standup"))
			time.Sleep(10 * time.Millisecond)
			got := r.has(standup, account+"@"+host)
			if got != want {
				t.Errorf("%s is %s, want %s", account, got, want)
			}
		}
		time.Sleep(time.Minute)
		for account, want := range by {
			if got := r.has(standup, account+"@"+host); got != want {
				t.Errorf("a minute later %s is %s, want %s", account, got, want)
			}
		}
	})
}

// TestLobbySwitchedAtALogin: an account that logs in, and joins, while a room is being told to let in members only
// comes in and stays, at whatever moment that is. A room puts out all who are no members when it is switched.
func TestLobbySwitchedAtALogin(t *testing.T) {
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		for at := range 60 {
			for _, room := range []string{"standup", "*"} {
				switchedAtALogin(t, order, time.Duration(at)*time.Millisecond, room)
			}
		}
	})
}

func switchedAtALogin(t *testing.T, order moderationtest.Order, at time.Duration, room string) {
	f, r, stop := startLobby(t, lobby.MembersOnly, order)
	defer stop()
	r.listing(5 * time.Millisecond)
	bob := "bob@" + host
	time.Sleep(at)
	f.Moderator(t, "bob", room)
	time.Sleep(8 * time.Millisecond) // what was asked before is done: Prosody does one thing after the other
	if r.Room(standup).MembersOnly() && r.has(standup, bob) == moderation.None {
		t.Errorf("%v, token for %s: the room refuses the join", at, room)
		return
	}
	f.Joins(t, bob, standup, moderation.ReasonToken)
	r.enter(standup, bob)
	time.Sleep(time.Second)
	if got := r.role(standup, bob); got != moderation.RoleModerator || !r.Room(standup).MembersOnly() {
		t.Errorf("%v, token for %s: role %q, members only %v", at, room, got, r.Room(standup).MembersOnly())
	}
}

// TestGrantAtLoginStateFails: what cannot be written down is not left in the room; it is given once it can.
func TestGrantAtLoginStateFails(t *testing.T) {
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		f, r, stop := startLobby(t, lobby.MembersOnly, order)
		defer stop()
		time.Sleep(10 * time.Second)
		disk := f.Store.Fail
		for step, want := range []moderation.Affiliation{moderation.None, moderation.Member, moderation.None} {
			switch step {
			case 0:
				f.Login(t, f.Identity("bob", "token of bob", "standup"))
				disk(fmt.Errorf("disk full"))
			case 1:
				disk(nil)
			case 2:
				if _, err := f.Revoke(t.Context(), sessions.Target{Account: "bob"}, false); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(time.Minute)
			if got := r.has(standup, "bob@"+host); got != want {
				t.Errorf("step %d: bob is %s, want %s", step, got, want)
			}
			if step == 0 {
				f.Joins(t, "bob@"+host, standup, moderation.ReasonToken) // has the room reconciled again
			}
		}
	})
}

// TestLobbyRevoked: whoever was in a room when it was closed is a member for the lobby's sake, and leaves it all the same
// when his session is revoked.
func TestLobbyRevoked(t *testing.T) {
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		f := newLobbyFixture(t, lobby.MembersOnly)
		f.Login(t, f.Identity("bob", "token of bob", "standup"))
		r := newRooms(t, order, time.Millisecond)
		r.enter(standup, "bob@"+host) // nobody asked about him
		time.AfterFunc(time.Second, func() { r.Connect(1) })
		<-r.Connected()
		defer f.Act(t, r)()
		time.Sleep(time.Minute) // what comes with a new connection is over
		f.Moderator(t, "alice", "standup")
		f.Joins(t, "alice@"+host, standup, moderation.ReasonToken)
		r.enter(standup, "alice@"+host)
		member := func() bool {
			return r.has(standup, "bob@"+host) == moderation.Member
		}
		for range 1000 { // and before the room is reconciled again
			if member() {
				break
			}
			time.Sleep(time.Millisecond)
		}
		if !member() {
			t.Fatal("bob was not kept in")
		}
		time.Sleep(5 * time.Millisecond)
		if _, err := f.Revoke(t.Context(), sessions.Target{Account: "bob"}, false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if r.role(standup, "bob@"+host) != "" || r.has(standup, "bob@"+host) == moderation.Member {
			t.Errorf("after the revocation bob is %q, %q: %q", r.has(standup, "bob@"+host), r.role(standup, "bob@"+host), r.set())
		}
	})
}

// TestExpectedForLong: whoever logged in long before a room began, with a token for every room, is a member once it lets
// in nobody else, and joins at the first try.
func TestExpectedForLong(t *testing.T) {
	inBothOrders(t, func(t *testing.T, order moderationtest.Order) {
		f := newLobbyFixture(t, lobby.MembersOnly)
		f.Began = time.Now()
		r := newRooms(t, order, time.Millisecond)
		defer f.Act(t, r)()
		f.Login(t, f.Identity("early", "e", "*"))
		time.Sleep(30 * time.Minute)
		f.Moderator(t, "alice", "standup")
		f.Joins(t, "alice@"+host, standup, moderation.ReasonToken)
		r.enter(standup, "alice@"+host)
		time.Sleep(time.Second)
		if is := r.Room(standup).MembersOnly(); !is || r.has(standup, "early@"+host) != moderation.Member {
			t.Errorf("members only: %v, she is %q", is, r.has(standup, "early@"+host))
		}
	})
}
