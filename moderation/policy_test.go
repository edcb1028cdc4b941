package moderation

import (
	"slices"
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/lobby"
)

const (
	testHost = "meet.example.com"
	testMUC  = "conference.meet.example.com"
)

func policy(t testing.TB, change func(*HostPolicy)) *Policy {
	t.Helper()
	h := HostPolicy{Host: testHost, MUC: []string{testMUC}, Breakout: []string{"breakout." + testHost}, Guests: []string{"guest." + testHost}, ServiceAccounts: []string{"focus@auth." + testHost}}
	if change != nil {
		change(&h)
	}
	p, err := NewPolicy([]HostPolicy{h}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func roomNamed(t testing.TB, local string) RoomName {
	t.Helper()
	r, err := ParseRoom(local + "@" + testMUC)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// viewed has the tokens of all sessions be revoked, or of none.
func viewed(list []*Session, revoked bool) (judged []Judged) {
	for _, g := range list {
		judged = append(judged, Judged{g, g.Used, revoked})
	}
	return judged
}

func TestDecideLatest(t *testing.T) {
	h := policy(t, nil).hosts[testHost]
	a, c := roomNamed(t, "a"), roomNamed(t, "c")
	now := time.Unix(1_800_000_000, 0)
	moderator := &Session{ID: ID{1}, Rooms: []string{"a"}, Moderator: true, LoggedIn: now, Expires: now.Add(time.Hour)}
	plain := &Session{ID: ID{2}, Rooms: []string{"*"}, LoggedIn: now.Add(time.Second), Expires: now.Add(time.Hour)}
	for _, grants := range [][]*Session{{moderator, plain}, {plain, moderator}} {
		if d := h.bySessions(viewed(grants, false), &a, now); !d.Allowed || d.Affiliation != Member || d.Session != plain {
			t.Errorf("the later token does not decide: %+v", d)
		}
	}
	plain.Rooms = []string{"b"} // it says nothing about this room
	if d := h.bySessions(viewed([]*Session{moderator, plain}, false), &a, now); d.Affiliation != Owner {
		t.Errorf("a token for another room decides: %+v", d)
	}
	if d := h.bySessions(viewed([]*Session{moderator, plain}, false), &c, now); d.Allowed || d.Reason != ReasonRoomMismatch {
		t.Errorf("neither opens it: %+v", d)
	}
	if d := h.bySessions(viewed(nil, false), &a, now); d.Allowed || d.Reason != ReasonNoSession {
		t.Errorf("without a session: %+v", d)
	}
	if d := h.bySessions(viewed([]*Session{moderator}, true), &a, now); d.Allowed || d.Reason != ReasonNoSession {
		t.Errorf("it was revoked: %+v", d)
	}
	h.policy.keyHeld = func(string, string, string) bool { return false }
	if d := h.bySessions(viewed([]*Session{moderator}, false), &a, now); d.Allowed || d.Reason != ReasonKeyRemoved {
		t.Errorf("its key has gone: %+v", d)
	}
}

// TestEnding: a session that was revoked, or whose key has gone, is about to be ended for a reason that counts in rooms. One
// that has expired is not, and one that is not there has been ended.
func TestEnding(t *testing.T) {
	h := policy(t, nil).hosts[testHost]
	now := time.Unix(1_800_000_000, 0)
	good := &Session{ID: ID{1}, LoggedIn: now, Expires: now.Add(time.Hour)}
	old := &Session{ID: ID{2}, LoggedIn: now, Expires: now.Add(-time.Hour)}
	ending := func(revoked bool) (of [3]bool) {
		v := View{Sessions: viewed([]*Session{good, old}, revoked), Now: now}
		for i := range of {
			of[i] = h.Ending(v, ID{byte(i + 1)})
		}
		return of
	}
	if got := ending(false); got != [3]bool{} {
		t.Errorf("with nothing the matter: %v", got)
	}
	if got := ending(true); got != [3]bool{true, true, false} {
		t.Errorf("revoked: %v", got)
	}
	h.policy.keyHeld = func(string, string, string) bool { return false }
	if got := ending(false); got != [3]bool{true, false, false} {
		t.Errorf("without the key: %v", got)
	}
}

// TestJudgedEnds: a session that was viewed ends by when it had been used then, not by what changes beside it.
func TestJudgedEnds(t *testing.T) {
	now := time.Now()
	within := Times{Idle: time.Hour}
	for _, used := range []time.Duration{-2 * time.Hour, 0} {
		g := &Session{Used: now.Add(-2*time.Hour - used)}
		viewed := Judged{Session: g, Used: now.Add(used)}
		if got := viewed.Ended(now, within); got != (used != 0) {
			t.Errorf("viewed as used %v from now: ended %v", used, got)
		}
		if got := g.Ended(now, within); got == (used != 0) {
			t.Errorf("the session itself, used otherwise: ended %v", got)
		}
	}
}

func TestNewPolicy(t *testing.T) {
	if _, err := NewPolicy([]HostPolicy{{Host: "a", MUC: []string{"c"}}, {Host: "b", Breakout: []string{"c"}}}, nil); err == nil {
		t.Error("two hosts have one component")
	}
	for _, hosts := range [][]HostPolicy{
		{{Host: "a", MUC: []string{"c"}, LobbyDomain: "c"}},
		{{Host: "a", MUC: []string{"c"}}, {Host: "b", MUC: []string{"d"}, LobbyDomain: "c"}},
		{{Host: "a", MUC: []string{"c"}, LobbyDomain: "l"}, {Host: "b", MUC: []string{"d"}, LobbyDomain: "l"}},
	} {
		if _, err := NewPolicy(hosts, nil); err == nil {
			t.Errorf("it is not known whose lobby rooms these are: %+v", hosts)
		}
	}
	if _, err := NewPolicy([]HostPolicy{{Host: "a", Others: Owner}}, nil); err == nil {
		t.Error("everybody would be an owner")
	}
}

// FuzzParseRoom: whatever is a room has a name that says so.
func FuzzParseRoom(f *testing.F) {
	f.Add("standup@conference.example.com")
	f.Add("a@b/c")
	f.Fuzz(func(t *testing.T, jid string) {
		r, err := ParseRoom(jid)
		if err == nil && (r.JID != jid || r.Domain == "" || strings.Contains(jid, "/") || strings.Count(jid, "@") != 1) {
			t.Errorf("%q became %+v", jid, r)
		}
	})
}

func TestExplainRoom(t *testing.T) {
	p := policy(t, nil)
	id := auth.Identity{Host: testHost, Account: "alice", Rooms: []string{"standup"}, Moderator: true}
	for room, want := range map[string]Reason{
		"standup@" + testMUC: ReasonToken, "other@" + testMUC: ReasonRoomMismatch, "standup@elsewhere.example.com": ReasonUnknownRoom,
		"x@breakout." + testHost: ReasonBreakoutUnknown, "no room": ReasonUnknownRoom,
	} {
		lines, d := p.Explain(id, room, time.Now())
		failed := slices.ContainsFunc(lines, func(l auth.CheckLine) bool { return !l.OK })
		if d.Reason != want || failed == d.Allowed || d.Allowed && d.Affiliation != Owner {
			t.Errorf("%s: %+v, lines %+v", room, d, lines)
		}
	}
}

// TestExplainNoRoom: what to change fits what is wrong with the address.
func TestExplainNoRoom(t *testing.T) {
	p := policy(t, nil)
	for room, want := range map[string]string{
		"it's@" + testMUC:               "; correct the room's name",
		"standup@" + testHost:           "; rooms are at the host's MUC components: name these under muc of the host",
		"standup@elsewhere.example.com": "; add its domain to muc of the host, or correct the address",
	} {
		_, d := p.Explain(auth.Identity{Host: testHost, Account: "alice", Rooms: []string{"*"}}, room, time.Now())
		if d.Reason != ReasonUnknownRoom || !strings.HasSuffix(d.Detail, want) {
			t.Errorf("%s: %+v", room, d)
		}
	}
}

// TestExplainLobby: the explanation says whether the token's user would wait.
func TestExplainLobby(t *testing.T) {
	rules, err := lobby.NewRules(lobby.Gate, map[string]bool{"board-*": true})
	if err != nil {
		t.Fatal(err)
	}
	p := policy(t, func(h *HostPolicy) { h.Lobby = rules })
	for _, row := range []struct {
		room string
		id   auth.Identity
		want Reason
		text string
	}{
		{"board-1", auth.Identity{}, ReasonToken, "on, by the configuration; the token passes"},
		{"board-1", auth.Identity{LobbyBypass: auth.No}, ReasonLobby, "lobby: on, by the configuration"},
		{"board-1", auth.Identity{LobbyBypass: auth.No, Moderator: true}, ReasonToken, "the token passes"},
		{"other", auth.Identity{LobbyBypass: auth.No}, ReasonToken, "off, by the configuration"},
		{"other", auth.Identity{LobbyBypass: auth.No, RoomLobby: auth.Yes}, ReasonLobby, "by the token's context.room"},
		{"board-1", auth.Identity{RoomLobby: auth.No, Moderator: true}, ReasonToken, "off, by the token's context.room"},
		{"board-1", auth.Identity{RoomLobby: auth.No, LobbyBypass: auth.No}, ReasonLobby, "on, by the configuration"},
	} {
		row.id.Host, row.id.Account, row.id.Rooms = testHost, "alice", []string{"*"}
		lines, d := p.Explain(row.id, row.room+"@"+testMUC, time.Now())
		i := slices.IndexFunc(lines, func(l auth.CheckLine) bool { return l.Name == "lobby" })
		if d.Reason != row.want || i < 0 || !strings.Contains(lines[i].Detail, row.text) || lines[i].OK != d.Allowed {
			t.Errorf("%s, %+v: %s, %+v", row.room, row.id, d.Reason, lines)
		}
	}
}
