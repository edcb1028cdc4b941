package muc_test

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"usher/auth"
	"usher/lobby"
	"usher/moderation"
	"usher/moderation/moderationtest"
	"usher/moderation/muc"
	"usher/moderation/occupancy"
)

const (
	guests    = "guest." + host
	lobbies   = "lobby." + host
	breakouts = "breakout." + host
)

// A relayFixture is a world whose host is a relay, and the gateway's side of it.
type relayFixture struct {
	*fixture
	*occupancy.Occupancy
	log   strings.Builder
	rules moderation.HostPolicy
}

func newRelayFixture(t testing.TB, change ...func(*moderation.HostPolicy)) *relayFixture {
	t.Helper()
	f := &relayFixture{fixture: &fixture{moderationtest.NewWorld(t, moderationtest.WorldOptions{Lobby: true})},
		rules: moderation.HostPolicy{Host: host, MUC: []string{conference}, Breakout: []string{breakouts}, LobbyDomain: lobbies,
			Guests: []string{guests}, Relay: true, ServiceAccounts: []string{"focus@auth." + host}, Leeway: leeway}}
	for _, c := range change {
		c(&f.rules)
	}
	f.reload(t)
	f.occupy(t)
	return f
}

func (f *relayFixture) reload(t testing.TB) {
	t.Helper()
	f.Reload(t.Context(), f.Policy(t, f.rules, moderation.HostPolicy{Host: "other.example", MUC: []string{"conference.other.example"}}))
}

func (f *relayFixture) occupy(t testing.TB) {
	t.Helper()
	f.Occupancy = occupancy.New(f.Store, f.Rooms(), occupancy.Options{})
	if err := f.Occupancy.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (f *relayFixture) gateway() *muc.Gateway {
	return &muc.Gateway{Service: f.Service, Occupancy: f.Occupancy, Log: slog.New(slog.NewTextHandler(&f.log, nil))}
}

// bind logs an account in that Prosody drew, with a token for rooms.
func (f *relayFixture) bind(t testing.TB, account, token string, moderator bool, rooms ...string) {
	t.Helper()
	id := f.Identity(account, token, rooms...)
	id.Random, id.AccountClaim, id.Moderator, id.DisplayID, id.DisplayName = true, "person of "+token, moderator, "id of "+token, "Name"
	if local, domain, found := strings.Cut(account, "@"); found {
		id.Account, id.Domain = local, domain
	}
	f.Login(t, id)
}

func ask(account, token, to string) muc.JoinRequest {
	if !strings.Contains(account, "@") {
		account += "@" + host
	}
	return muc.JoinRequest{Account: account, TokenPrint: token, To: to}
}

func (f *relayFixture) asks(t *testing.T, q muc.JoinRequest, want moderation.Reason) {
	t.Helper()
	a, c := f.gateway().Join(t.Context(), q), f.gateway().Conference(t.Context(), q)
	allowed := slices.Contains(moderation.AllowReasons(), want)
	if a.Reason != string(want) || a.Allowed != allowed || a.NotStarted != (want == moderation.ReasonNotStarted) || a.Login != (want == moderation.ReasonSessionEnded) ||
		(a.Text == "") != allowed || strings.ContainsAny(a.Text, "'’") {
		t.Errorf("%s with %q to %s: %+v, want %s", q.Account, q.TokenPrint, q.To, a, want)
	}
	if c != a {
		t.Errorf("%s with %q to %s: a join is answered %+v, its conference request %+v", q.Account, q.TokenPrint, q.To, a, c)
	}
}

func (f *relayFixture) enters(t *testing.T, account, token, to string) {
	t.Helper()
	if err := f.gateway().Entered(t.Context(), ask(account, token, to)); err != nil {
		t.Fatal(err)
	}
}

// TestStreamToken: a join is decided by the token of its stream, not by another one of the account.
func TestStreamToken(t *testing.T) {
	f := newRelayFixture(t)
	f.bind(t, "a", "t1", true, "standup")
	f.bind(t, "a", "t2", false, "retro")
	f.asks(t, ask("a", "t1", standup+"/nick"), moderation.ReasonToken)
	f.asks(t, ask("a", "t2", standup+"/nick"), moderation.ReasonRoomMismatch)
	f.asks(t, ask("a", "t2", "retro@"+conference), moderation.ReasonToken)
	f.asks(t, ask("a", "t3", standup), moderation.ReasonNoSession)
	f.asks(t, ask("a", "", standup), moderation.ReasonNoSession)
	f.asks(t, ask("b", "t1", standup), moderation.ReasonNoSession)
	f.Joins(t, "a@"+host, standup, moderation.ReasonToken) // Prosody's own question does not know the token
	f.Joins(t, "a@"+host, "retro@"+conference, moderation.ReasonToken)
	f.Joins(t, "b@"+host, standup, moderation.ReasonNoSession)
	if !strings.Contains(f.log.String(), `user_id="id of t`) || !strings.Contains(f.log.String(), "user_name=Name") {
		t.Errorf("the log does not say who it is:\n%s", f.log.String())
	}
	f.Pass(2 * time.Hour)
	f.asks(t, ask("a", "t1", standup), moderation.ReasonSessionEnded)
}

// TestOddAddresses: each is joined with a token for another room. What Prosody takes for a room is decided as that room,
// and everything else is refused.
func TestOddAddresses(t *testing.T) {
	f := newRelayFixture(t)
	f.bind(t, "a", "t1", true, "standup")
	f.bind(t, "all", "t2", true, "*")
	for to, want := range map[string][2]moderation.Reason{
		"retro@" + conference + "/n":                            {moderation.ReasonRoomMismatch, moderation.ReasonToken},
		"RETRO@" + strings.ToUpper(conference) + "/n":           {moderation.ReasonRoomMismatch, moderation.ReasonToken},
		"retro@" + conference + "./n":                           {moderation.ReasonRoomMismatch, moderation.ReasonToken},
		"retro@conference．meet．example．com/n":                   {moderation.ReasonRoomMismatch, moderation.ReasonToken},
		"ｒetro@" + conference + "/n":                            {moderation.ReasonRoomMismatch, moderation.ReasonToken},
		"retro@conference.acme." + host + "/n":                  {moderation.ReasonRoomMismatch, moderation.ReasonToken},
		"retro@conference.acme." + host + ".evil.org/n":         {moderation.ReasonUnknownRoom, moderation.ReasonUnknownRoom},
		"retro@conferenceXacme." + host + "/n":                  {moderation.ReasonUnknownRoom, moderation.ReasonUnknownRoom},
		"retro@internal.auth." + host + "/n":                    {moderation.ReasonUnknownRoom, moderation.ReasonUnknownRoom},
		"retro@lobby.acme." + host + "/n":                       {moderation.ReasonUnknownRoom, moderation.ReasonUnknownRoom},
		"retro@conference.other.example/n":                      {moderation.ReasonUnknownRoom, moderation.ReasonUnknownRoom},
		"retro@" + lobbies + "/n":                               {moderation.ReasonRoomMismatch, moderation.ReasonToken},
		"Retro@" + strings.ToUpper(lobbies) + "./n":             {moderation.ReasonRoomMismatch, moderation.ReasonToken},
		conference + "/n":                                       {moderation.ReasonUnknownRoom, moderation.ReasonUnknownRoom},
		"@" + conference + "/n":                                 {moderation.ReasonUnknownRoom, moderation.ReasonUnknownRoom},
		"":                                                      {moderation.ReasonUnknownRoom, moderation.ReasonUnknownRoom},
		"focus@auth." + host + "/focus":                         {moderation.ReasonUnknownRoom, moderation.ReasonUnknownRoom},
		host + "/n":                                             {moderation.ReasonUnknownRoom, moderation.ReasonUnknownRoom},
		"retro@" + conference + "/" + strings.Repeat("x", 4000): {moderation.ReasonMalformedRequest, moderation.ReasonMalformedRequest},
		strings.Repeat("x", 4000) + "@" + conference:            {moderation.ReasonUnknownRoom, moderation.ReasonUnknownRoom},
		"standup@" + breakouts + "/n":                           {moderation.ReasonBreakoutUnknown, moderation.ReasonBreakoutUnknown},
	} {
		f.asks(t, ask("a", "t1", to), want[0])
		if !strings.Contains(to, "acme") && want[1] != moderation.ReasonBreakoutUnknown { // of a tenant, and once it was in a main room
			f.asks(t, ask("all", "t2", to), want[1])
		}
	}
	f.asks(t, ask("a@other.example", "t1", standup), moderation.ReasonStranger)
	f.asks(t, ask("a@elsewhere.example", "", standup), moderation.ReasonStranger)
}

// TestEarlyGuests: who has no token joins rooms that a token holder is in, whoever made them; neither a decision that lets
// a holder in, nor a recorder, nor another guest starts one.
func TestEarlyGuests(t *testing.T) {
	f := newRelayFixture(t)
	guest := ask("g@"+guests, "", standup+"/n")
	f.bind(t, "a", "t1", false, "standup")
	f.asks(t, guest, moderation.ReasonNotStarted)
	f.Create(t.Context(), standup)
	f.asks(t, ask("a", "t1", standup), moderation.ReasonToken)
	f.Joins(t, "a@"+host, standup, moderation.ReasonToken)
	f.Joins(t, "focus@auth."+host, standup, moderation.ReasonServiceAccount)
	f.asks(t, guest, moderation.ReasonNotStarted)
	f.enters(t, "g@"+guests, "", standup+"/n") // as it may be where Prosody has no lock of its own
	f.enters(t, "x@recorder."+host, "", standup+"/n")
	f.enters(t, "a", "t2", standup+"/n")
	f.enters(t, "a", "t1", "standup@"+lobbies+"/n")
	f.enters(t, "a", "t1", "somewhere@else.example/n")
	f.asks(t, guest, moderation.ReasonNotStarted)
	f.Joins(t, "g@"+guests, standup, moderation.ReasonNotStarted)
	f.enters(t, "a", "t1", strings.ToUpper(standup)+"/n")
	f.asks(t, guest, moderation.ReasonGuest)
	f.asks(t, ask("g@"+guests, "", "standup@"+lobbies), moderation.ReasonGuest)
	f.asks(t, ask("g@"+guests, "", "retro@"+lobbies), moderation.ReasonNotStarted)
	f.Joins(t, "g@"+guests, standup, moderation.ReasonGuest)
	f.asks(t, ask("g@"+guests, "", "retro@"+conference), moderation.ReasonNotStarted)
	f.rules.GuestsStart = true
	f.reload(t)
	f.asks(t, ask("g@"+guests, "", "retro@"+conference), moderation.ReasonGuest)
}

// TestAnonymous: a login of the host without a token is a guest.
func TestAnonymous(t *testing.T) {
	f := newRelayFixture(t, func(h *moderation.HostPolicy) { h.GuestsStart = true })
	f.Login(t, auth.Identity{Host: host, Account: "x", Anonymous: true})
	f.asks(t, ask("x", "", standup), moderation.ReasonGuest)
	f.asks(t, ask("y", "", standup), moderation.ReasonNoSession)
	f.Joins(t, "x@"+host, standup, moderation.ReasonGuest)
	f.enters(t, "x", "", standup+"/n")
	f.rules.GuestsStart = false
	f.reload(t)
	f.asks(t, ask("x", "", standup), moderation.ReasonNotStarted) // it has started nothing
	f.bind(t, "a", "t1", false, "standup")
	f.enters(t, "a", "t1", standup+"/n")
	f.asks(t, ask("x", "", standup), moderation.ReasonGuest)
}

// TestGuestWithToken: who signs in on the guest host is what the token says, and no less a guest without it.
func TestGuestWithToken(t *testing.T) {
	f := newRelayFixture(t)
	f.bind(t, "g@"+guests, "t1", true, "standup")
	f.asks(t, ask("g@"+guests, "t1", standup), moderation.ReasonToken)
	f.asks(t, ask("g@"+guests, "t1", "retro@"+conference), moderation.ReasonRoomMismatch)
	f.asks(t, ask("g@"+guests, "t2", standup), moderation.ReasonNoSession)
	f.asks(t, ask("g@"+guests, "", standup), moderation.ReasonNotStarted)
	f.enters(t, "g@"+guests, "t1", standup+"/n")
	f.asks(t, ask("g@"+guests, "", standup), moderation.ReasonGuest)
}

// TestBlink: a room stays started while its holder is away for less than a minute, and a killed usher gives it as long.
func TestBlink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newRelayFixture(t)
		f.Began = time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		var task sync.WaitGroup
		task.Go(func() { _ = f.Occupancy.Run(ctx) })
		f.bind(t, "a", "t1", true, "standup")
		f.enters(t, "a", "t1", standup+"/n")
		g := f.gateway()
		guest := ask("g@"+guests, "", standup)
		g.Disconnected("a@" + host)
		time.Sleep(59 * time.Second)
		f.asks(t, guest, moderation.ReasonGuest)
		g.Resumed("a@" + host)
		time.Sleep(5 * time.Minute)
		f.asks(t, guest, moderation.ReasonGuest)
		g.Disconnected("a@" + host)
		time.Sleep(61 * time.Second)
		f.asks(t, guest, moderation.ReasonNotStarted)
		g.Resumed("a@" + host)
		synctest.Wait()
		f.asks(t, guest, moderation.ReasonGuest)
		g.Left(ask("a", "t1", standup+"/n"))
		synctest.Wait()
		f.asks(t, guest, moderation.ReasonNotStarted)
		cancel()
		task.Wait()
	})
}

// TestLobbyOfARelay: who waits is let through where the room holds it back; who passes is a member before it joins.
func TestLobbyOfARelay(t *testing.T) {
	for _, mode := range []lobby.Mode{lobby.MembersOnly, lobby.Gate} {
		synctest.Test(t, func(t *testing.T) {
			rules, err := lobby.NewRules(mode, map[string]bool{"*": true})
			if err != nil {
				t.Fatal(err)
			}
			f := newRelayFixture(t, func(h *moderation.HostPolicy) { h.Lobby, h.Others = rules, moderation.None })
			f.Began = time.Now()
			m := moderationtest.New(t, moderationtest.InOrder, moderationtest.Delays{Reading: time.Millisecond}).Everywhere()
			t.Cleanup(f.Act(t, m))
			room := m.Room(standup)
			time.Sleep(time.Second)
			f.bind(t, "a", "t1", true, "standup")
			f.bind(t, "b", "t2", false, "standup")
			if a := f.gateway().Join(t.Context(), ask("a", "t1", standup+"/n")); !a.Allowed || room.Has("a@"+host) != moderation.Owner {
				t.Errorf("%v: the moderator is %s as it joins: %+v", mode, room.Has("a@"+host), a)
			}
			room.JoinAs("a@"+host, moderation.RoleModerator)
			f.enters(t, "a", "t1", standup+"/n")
			time.Sleep(time.Minute)
			if a := f.gateway().Join(t.Context(), ask("b", "t2", standup+"/n")); !a.Allowed || mode == lobby.MembersOnly && room.Has("b@"+host) != moderation.Member {
				t.Errorf("%v: a token holder is %s as it joins: %+v", mode, room.Has("b@"+host), a)
			}
			guest := ask("g@"+guests, "", standup+"/n")
			if c := f.gateway().Conference(t.Context(), guest); !c.Allowed {
				t.Errorf("%v: a guest may not ask jicofo: %+v", mode, c)
			}
			if len(f.Lobby.Knocks("")) != 0 {
				t.Errorf("%v: a request to jicofo is a knock", mode)
			}
			a := f.gateway().Join(t.Context(), guest)
			if want := mode == lobby.MembersOnly; a.Allowed != want || a.Reason != string(moderation.ReasonLobby) {
				t.Errorf("%v: a guest: %+v", mode, a)
			}
			guest.Name = "Bob & Ann"
			for _, name := range []string{"n", guest.Name} {
				if k := f.Lobby.Knocks(standup); len(k) != 1 || k[0].Name != name {
					t.Errorf("%v: there waits %+v, want %q", mode, k, name)
				}
				f.gateway().Join(t.Context(), guest)
			}
			if a := f.gateway().Join(t.Context(), ask("g@"+guests, "", "standup@"+lobbies)); !a.Allowed {
				t.Errorf("%v: the lobby room: %+v", mode, a)
			}
			if err := f.Decide(t.Context(), lobby.Verdict{Room: standup, JID: "g@" + guests, Admitted: true}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
			if a := f.gateway().Join(t.Context(), guest); !a.Allowed || mode == lobby.MembersOnly && room.Has("g@"+guests) != moderation.Member {
				t.Errorf("%v: an admitted guest is %s: %+v", mode, room.Has("g@"+guests), a)
			}
		})
	}
}

// TestNotHeldUp: a component that does not answer holds a join up for 200 ms.
func TestNotHeldUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newRelayFixture(t)
		m := moderationtest.New(t, moderationtest.InOrder, moderationtest.Delays{Reading: time.Minute}).Everywhere()
		t.Cleanup(f.Act(t, m))
		f.bind(t, "a", "t1", true, "standup")
		began := time.Now()
		f.asks(t, ask("a", "t1", standup+"/n"), moderation.ReasonToken)
		if took := time.Since(began); took > 250*time.Millisecond {
			t.Errorf("it took %v", took)
		}
	})
}

// TestRelayBreakout: a breakout room is decided as its main room, by the stream's token, too.
func TestRelayBreakout(t *testing.T) {
	f := newRelayFixture(t)
	f.bind(t, "a", "t1", true, "standup")
	f.asks(t, ask("a", "t1", breakout+"/n"), moderation.ReasonBreakoutUnknown)
	f.asks(t, ask("a", "t1", standup+"/n"), moderation.ReasonToken)
	f.asks(t, ask("a", "t1", breakout+"/n"), moderation.ReasonToken)
	f.asks(t, ask("a", "t2", breakout+"/n"), moderation.ReasonNoSession)
	f.enters(t, "a", "t1", breakout+"/n")
	for room, want := range map[string]bool{"standup": true, "retro": false} {
		if f.gateway().Opens(&moderation.Session{Host: host, Rooms: []string{room}}, "a@"+host, breakout+"/n") != want {
			t.Errorf("a token for %s opens the breakout room: %v", room, !want)
		}
	}
	f.asks(t, ask("g@"+guests, "", breakout+"/n"), moderation.ReasonBreakoutUnknown)
}

// TestStartedFromBreakout: who is in a breakout room keeps its main room started, until it is out of both, also where a
// restarted usher knows no more whose breakout room that is.
func TestStartedFromBreakout(t *testing.T) {
	for _, restarted := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			f := newRelayFixture(t)
			f.Began = time.Now()
			ctx, cancel := context.WithCancel(t.Context())
			var task sync.WaitGroup
			task.Go(func() { _ = f.Occupancy.Run(ctx) })
			f.bind(t, "a", "t1", true, "standup")
			guest, aside := ask("g@"+guests, "", standup+"/n"), ask("g@"+guests, "", breakout+"/n")
			f.asks(t, ask("a", "t1", standup+"/n"), moderation.ReasonToken)
			f.enters(t, "a", "t1", standup+"/n")
			f.asks(t, guest, moderation.ReasonGuest)
			f.enters(t, guest.Account, "", guest.To)
			g := f.gateway()
			g.Left(ask("a", "t1", standup+"/n"))
			f.asks(t, ask("a", "t1", breakout+"/n"), moderation.ReasonToken)
			f.enters(t, "a", "t1", breakout+"/n")
			g.Left(guest)
			synctest.Wait()
			f.asks(t, aside, moderation.ReasonGuest)
			f.asks(t, guest, moderation.ReasonGuest)
			if restarted {
				f.Service = muc.New(muc.Options{Sessions: f.Sessions, Unasked: f.Asked, Now: f.Now})
			}
			f.gateway().Left(ask("a", "t1", breakout+"/n"))
			synctest.Wait()
			f.asks(t, guest, moderation.ReasonNotStarted)
			cancel()
			task.Wait()
		})
	}
}
