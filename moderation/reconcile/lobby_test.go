package reconcile_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"usher/lobby"
	"usher/moderation"
	"usher/moderation/moderationtest"
	"usher/moderation/muc"
	"usher/moderation/sessions"
)

// newLobbyFixture has a lobby in every room.
func newLobbyFixture(t *testing.T, mode lobby.Mode) (*fixture, *lobby.Lobby) {
	t.Helper()
	rules, err := lobby.NewRules(mode, map[string]bool{"*": true})
	if err != nil {
		t.Fatal(err)
	}
	p, err := moderation.NewPolicy([]moderation.HostPolicy{{Host: host, MUC: []string{conference}, Guests: []string{"guest." + host}, Lobby: rules}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{moderationtest.NewWorld(t, moderationtest.WorldOptions{Policy: p, Lobby: true})}
	return f, f.Lobby
}

// startLobby has a keeper at work, and alice, a moderator, in the room standup.
func startLobby(t *testing.T, mode lobby.Mode) (f *fixture, l *lobby.Lobby, r *fakeRooms, stop func()) {
	t.Helper()
	f, l = newLobbyFixture(t, mode)
	r = newFakeRooms(time.Millisecond)
	f.Began = time.Now()
	stop = run(t, f.connect(r))
	f.moderator(t, "alice", "standup")
	f.Joins(t, "alice@"+host, "standup@"+conference, moderation.ReasonToken)
	r.enter("alice@" + host)
	return f, l, r, stop
}

// TestKnocksFlood: 10,000 made-up guests knock; moderators are not flooded, memory and series stay bounded, and honest
// knocks are seen.
func TestKnocksFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, l, r, stop := startLobby(t, lobby.Gate)
		defer stop()
		time.Sleep(time.Second)
		h := &muc.Handler{Service: f.Service}
		knock := func(guest, nick string) {
			t.Helper()
			code, answer := moderationtest.Ask(h, "/muc/join?userJID="+guest+"%40guest."+host+"&mucJID=standup%40"+conference+"&nickname="+nick)
			if code != 403 || answer["allowed"] != false || answer["error"] != "lobby" {
				t.Fatalf("%s: %d %v", guest, code, answer)
			}
		}
		before := moderationtest.Heap()
		knock("early", "Early")
		for i := range 10_000 {
			knock(fmt.Sprint("flood", i), strings.Repeat("x", 1000))
			if i%100 == 0 {
				time.Sleep(10 * time.Millisecond)
			}
		}
		knock("late", "Late")
		time.Sleep(time.Second)
		if grown := moderationtest.Heap() - before; grown > 4<<20 {
			t.Errorf("the heap grew by %d KiB", grown>>10)
		}
		seen := map[string]bool{}
		for _, k := range l.Knocks("") {
			seen[k.Name] = true
		}
		if !seen["Early"] || !seen["Late"] || len(l.Knocks("")) > 200 {
			t.Errorf("%d knocks are kept; early %v, late %v", len(l.Knocks("")), seen["Early"], seen["Late"])
		}
		r.mu.Lock()
		told := len(r.told)
		r.mu.Unlock()
		if told == 0 || told > 11 {
			t.Errorf("%d messages to a moderator", told)
		}
		if n, _ := testutil.GatherAndCount(f.Metrics.Gatherer(), "usher_joins_total"); n > 30 {
			t.Errorf("%d series", n)
		}
		f.Pass(2 * time.Hour)
		l.Sweep(t.Context())
		if n := len(l.Knocks("")); n != 0 {
			t.Errorf("%d knocks after two hours", n)
		}
	})
}

// TestLobbyMembers: with members-only the room is closed once its creator is in, those in it stay, an admitted guest is
// made a member and then invited, and what is opened by hand stays open.
func TestLobbyMembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, l, r, stop := startLobby(t, lobby.MembersOnly)
		defer stop()
		guest := "g@guest." + host
		h := &muc.Handler{Service: f.Service}
		held := func() bool {
			code, answer := moderationtest.Ask(h, "/muc/join?userJID=g%40guest."+host+"&mucJID=standup%40"+conference+"&nickname=G")
			return code == 200 && answer["allowed"] == true // the room itself refuses
		}
		r.enter("old@guest." + host) // was let in before
		time.Sleep(time.Second)
		r.mu.Lock()
		closed, in := r.closed, r.there["old@guest."+host]
		r.mu.Unlock()
		if !closed || in == "" {
			t.Errorf("closed %v, who was in is %q", closed, in)
		}
		if !held() {
			t.Error("a guest is not left to a room that lets members in only")
		}
		byHand := "h@guest." + host // a moderator invites him, as Jitsi's lobby does
		r.mu.Lock()
		r.has[byHand] = moderation.Member
		r.mu.Unlock()
		if d := f.Join(t.Context(), byHand, "standup@"+conference, "H"); !d.HeldByRoom {
			t.Errorf("who was let in by the room's own means: %+v", d)
		}
		r.enter(byHand)
		time.Sleep(time.Second)
		r.mu.Lock()
		told := strings.Join(r.told, "; ")
		r.mu.Unlock()
		if knocks := l.Knocks(""); len(knocks) != 1 || knocks[0].JID != guest || strings.Contains(told, byHand) || !strings.Contains(told, guest) {
			t.Errorf("knocks %+v, told %s", knocks, told)
		}
		if err := f.Decide(t.Context(), lobby.Verdict{Room: "standup@" + conference, JID: guest, Admitted: true}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		r.mu.Lock()
		has, invited := r.has[guest], strings.Join(r.invited, ", ")
		r.closed = false // a moderator opens it
		r.mu.Unlock()
		if has != moderation.Member || invited != guest+" to standup@"+conference {
			t.Errorf("admitted: %q, invited: %q", has, invited)
		}
		f.Joins(t, guest, "standup@"+conference, moderation.ReasonAdmitted)
		time.Sleep(time.Minute)
		r.mu.Lock()
		closed = r.closed
		r.mu.Unlock()
		if closed {
			t.Error("a room that was opened by hand was closed again")
		}
		f.Joins(t, "other@guest."+host, "standup@"+conference, moderation.ReasonGuest)
	})
}

// TestLobbyNewConnection: what a room was on another connection is nothing to rely on. Prosody may have been restarted,
// and the room be open: that is no decision of a moderator, and until it is closed again usher itself refuses.
func TestLobbyNewConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, r, stop := startLobby(t, lobby.MembersOnly)
		defer stop()
		time.Sleep(time.Second)
		guest := func() moderation.Decision { return f.Join(t.Context(), "g@guest."+host, "standup@"+conference, "g") }
		if d := guest(); !d.HeldByRoom {
			t.Errorf("on the first connection: %+v", d)
		}
		set := func(connection uint64, closed bool) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.connection, r.closed = connection, closed
		}
		set(0, false)
		if d := guest(); d.HeldByRoom || d.Allowed {
			t.Errorf("without a connection: %+v", d)
		}
		set(2, false)
		if d := guest(); !d.HeldByRoom {
			t.Errorf("on the next connection: %+v", d)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if !r.closed {
			t.Error("a guest was left to a room that lets everybody in")
		}
	})
}

// TestLobbyStateFails: a decision that cannot be written is none.
func TestLobbyStateFails(t *testing.T) {
	f, _ := newLobbyFixture(t, lobby.Gate)
	f.moderator(t, "alice", "standup")
	f.Create(t.Context(), "standup@"+conference)
	f.Joins(t, "alice@"+host, "standup@"+conference, moderation.ReasonToken)
	f.Joins(t, "g@guest."+host, "standup@"+conference, moderation.ReasonLobby)
	f.Store.Fail(fmt.Errorf("disk full"))
	v := lobby.Verdict{Room: "standup@" + conference, JID: "g@guest." + host, Admitted: true}
	if f.Decide(t.Context(), v) == nil {
		t.Error("admitted without a state")
	}
	f.Joins(t, "g@guest."+host, "standup@"+conference, moderation.ReasonLobby)
	f.Joins(t, "alice@"+host, "standup@"+conference, moderation.ReasonToken)
}

// TestLobbyBeforeTheStart: whoever is on the whitelist is a member of a room before anybody has started it, and stays
// one, though he is not let in yet.
func TestLobbyBeforeTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, l := newLobbyFixture(t, lobby.MembersOnly)
		guest := "g@guest." + host
		if err := l.Allow(t.Context(), lobby.Entry{JID: guest}); err != nil {
			t.Fatal(err)
		}
		r := newFakeRooms(time.Millisecond)
		stop := run(t, f.connect(r))
		defer stop()
		seeds, d := f.Create(t.Context(), "standup@"+conference)
		if !d.Allowed || seeds[guest] != moderation.Member {
			t.Fatalf("%v, %+v", seeds, d)
		}
		r.mu.Lock()
		r.has[guest] = moderation.Member
		r.mu.Unlock()
		f.Joins(t, guest, "standup@"+conference, moderation.ReasonNotStarted)
		f.moderator(t, "alice", "standup") // has the room looked at
		time.Sleep(time.Second)
		r.mu.Lock()
		has := r.has[guest]
		r.mu.Unlock()
		if has != moderation.Member || len(l.Knocks("")) != 0 {
			t.Errorf("he is %s, knocks %+v", has, l.Knocks(""))
		}
	})
}

// TestWelcome: who logs in while a room lets in members only is a member at once; whoever was banned, or made an owner,
// by hand and was never seen there is that afterwards as before.
func TestWelcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, r, stop := startLobby(t, lobby.MembersOnly)
		defer stop()
		time.Sleep(10 * time.Second)
		by := map[string]moderation.Affiliation{"bob": moderation.None, "mallory": moderation.Outcast, "olga": moderation.Owner}
		r.mu.Lock()
		for account, a := range by {
			r.has[account+"@"+host] = a
		}
		r.mu.Unlock()
		by["bob"] = moderation.Member
		for account, want := range by {
			f.Login(t, f.Identity(account, "token of "+account, "standup"))
			time.Sleep(10 * time.Millisecond)
			r.mu.Lock()
			got := r.has[account+"@"+host]
			r.mu.Unlock()
			if got != want {
				t.Errorf("%s is %s, want %s", account, got, want)
			}
		}
		time.Sleep(time.Minute)
		r.mu.Lock()
		defer r.mu.Unlock()
		for account, want := range by {
			if got := r.has[account+"@"+host]; got != want {
				t.Errorf("a minute later %s is %s, want %s", account, got, want)
			}
		}
	})
}

// TestWelcomeStateFails: what cannot be written down is not left in the room; it is given once it can.
func TestWelcomeStateFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, r, stop := startLobby(t, lobby.MembersOnly)
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
			r.mu.Lock()
			if got := r.has["bob@"+host]; got != want {
				t.Errorf("step %d: bob is %s, want %s", step, got, want)
			}
			r.mu.Unlock()
			if step == 0 {
				f.Joins(t, "bob@"+host, "standup@"+conference, moderation.ReasonToken) // has the room looked at again
			}
		}
	})
}

// TestLobbyRevoked: whoever was in a room when it was closed is a member for the lobby's sake, and leaves it all the same
// when his session is revoked.
func TestLobbyRevoked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _ := newLobbyFixture(t, lobby.MembersOnly)
		f.Login(t, f.Identity("bob", "token of bob", "standup"))
		r := newFakeRooms(time.Millisecond)
		r.enter("bob@" + host) // nobody asked about him
		time.AfterFunc(time.Second, func() { r.connected <- struct{}{} })
		<-r.connected
		stop := run(t, f.connect(r))
		defer stop()
		time.Sleep(time.Minute) // what comes with a new connection is over
		f.moderator(t, "alice", "standup")
		f.Joins(t, "alice@"+host, "standup@"+conference, moderation.ReasonToken)
		r.enter("alice@" + host)
		member := func() bool {
			r.mu.Lock()
			defer r.mu.Unlock()
			return r.has["bob@"+host] == moderation.Member
		}
		for range 1000 { // and before the room is looked at again
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
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.there["bob@"+host] != "" || r.has["bob@"+host] == moderation.Member {
			t.Errorf("after the revocation bob is %q, %q: %q", r.has["bob@"+host], r.there["bob@"+host], r.sets)
		}
	})
}
