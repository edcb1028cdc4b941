package moderation

import (
	"slices"
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/internal/jid"
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
	p, err := NewPolicy([]HostPolicy{h})
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

// TestOpens is the truth table of claims and rooms.
func TestOpens(t *testing.T) {
	long := strings.Repeat("(a|b)", 300)
	for _, row := range []struct {
		rooms   []string
		regex   bool
		sub     string
		tenants bool
		room    string
		want    Reason
	}{
		{rooms: []string{"standup"}, room: "standup"},
		{rooms: []string{"StandUp"}, room: "standup"},
		{rooms: []string{"ＳＴＡＮＤＵＰ"}, room: "standup"}, // Prosody makes one name of both
		{rooms: []string{"stand\u00adup"}, room: "standup"},
		{rooms: []string{"standup"}, room: "standup2", want: ReasonRoomMismatch},
		{rooms: []string{"standup"}, room: "stand", want: ReasonRoomMismatch},
		{rooms: []string{"stаndup"}, room: "standup", want: ReasonRoomMismatch}, // a Cyrillic letter
		{rooms: []string{"тест"}, room: "%d1%82%d0%b5%d1%81%d1%82"},
		{rooms: []string{"%D1%82%D0%B5%D1%81%D1%82"}, room: "тест"},
		{rooms: []string{"my room"}, room: "my%20room"},
		{rooms: []string{"my%20room"}, room: "my%20room"},
		{rooms: []string{"my%2520room"}, room: "my%20room", want: ReasonRoomMismatch}, // undone once only
		{rooms: []string{"my%2520room"}, room: "my%2520room"},
		{rooms: []string{"100%"}, room: "100%"}, // a percent sign that encodes nothing
		{rooms: []string{"a%2fb"}, room: "a%2fb"},
		{rooms: []string{"*"}, room: "whatever"},
		{rooms: []string{"a", "b"}, room: "b"},
		{rooms: []string{"a", "*"}, room: "z"},
		{rooms: []string{"stand*"}, room: "standup", want: ReasonRoomMismatch}, // no wildcard
		{rooms: nil, room: "whatever"},
		{rooms: []string{}, room: "whatever", want: ReasonRoomMismatch},
		{rooms: []string{"team-[0-9]+"}, room: "team-7", want: ReasonRoomMismatch}, // no expression unless it says so
		{rooms: []string{"team-[0-9]+"}, regex: true, room: "team-7"},
		{rooms: []string{"Team-[0-9]+"}, regex: true, room: "team-7"},
		{rooms: []string{"team"}, regex: true, room: "team-7", want: ReasonRoomMismatch}, // the whole name
		{rooms: []string{"team|.*x"}, regex: true, room: "ateam", want: ReasonRoomMismatch},
		{rooms: []string{"a)|(.*"}, regex: true, room: "b", want: ReasonRoomMismatch},
		{rooms: []string{"(?m)^a$"}, regex: true, room: "a"},
		{rooms: []string{"(unclosed"}, regex: true, room: "(unclosed", want: ReasonRoomMismatch},
		{rooms: []string{"(unclosed", "b"}, regex: true, room: "b"},
		{rooms: []string{long}, regex: true, room: strings.Repeat("a", 300), want: ReasonRoomMismatch},
		{rooms: []string{"*"}, regex: true, room: "b"},
		{rooms: []string{"standup"}, tenants: true, sub: "Acme", room: "[acme]standup"},
		{rooms: []string{"standup"}, tenants: true, sub: "acme", room: "[other]standup", want: ReasonTenantMismatch},
		{rooms: []string{"standup"}, tenants: true, sub: "acme", room: "standup", want: ReasonTenantMismatch},
		{rooms: []string{"standup"}, tenants: true, sub: testHost, room: "standup"},
		{rooms: []string{"standup"}, tenants: true, sub: "*", room: "[other]standup"},
		{rooms: []string{"*"}, tenants: true, sub: "acme", room: "[other]x", want: ReasonTenantMismatch},
		{rooms: []string{"standup"}, tenants: true, sub: "acme", room: "[acme][other]standup", want: ReasonRoomMismatch},
		{rooms: []string{"standup"}, tenants: true, sub: "acme]x[acme", room: "[acme]standup", want: ReasonTenantMismatch},
		{rooms: []string{"standup"}, sub: "acme", room: "[acme]standup", want: ReasonRoomMismatch},
		{rooms: []string{"[acme]standup"}, sub: testHost, room: "[acme]standup"},
	} {
		p := policy(t, func(h *HostPolicy) { h.Tenants = row.tenants })
		g := &Grant{Host: testHost, Subject: row.sub, Rooms: row.rooms, RoomRegex: row.regex}
		got, detail := p.hosts[testHost].opens(g, roomNamed(t, row.room))
		if got != row.want {
			t.Errorf("%q (regex %v, sub %q, tenants %v) and %q: %q, want %q (%s)", row.rooms, row.regex, row.sub, row.tenants, row.room, got, row.want, detail)
		}
	}
}

func TestDecideLatest(t *testing.T) {
	h := policy(t, nil).hosts[testHost]
	now := time.Unix(1_800_000_000, 0)
	good := func(*Grant) Reason { return "" }
	moderator := &Grant{ID: ID{1}, Rooms: []string{"a"}, Moderator: true, LoggedIn: now}
	plain := &Grant{ID: ID{2}, Rooms: []string{"*"}, LoggedIn: now.Add(time.Second)}
	for _, grants := range [][]*Grant{{moderator, plain}, {plain, moderator}} {
		if d := h.decide(grants, roomNamed(t, "a"), good); !d.Allowed || d.Affiliation != Member || d.Grant != plain {
			t.Errorf("the later token does not decide: %+v", d)
		}
	}
	plain.Rooms = []string{"b"} // it says nothing about this room
	if d := h.decide([]*Grant{moderator, plain}, roomNamed(t, "a"), good); d.Affiliation != Owner {
		t.Errorf("a token for another room decides: %+v", d)
	}
	if d := h.decide([]*Grant{moderator, plain}, roomNamed(t, "c"), good); d.Allowed || d.Reason != ReasonRoomMismatch {
		t.Errorf("neither opens it: %+v", d)
	}
	if d := h.decide(nil, roomNamed(t, "a"), good); d.Allowed || d.Reason != ReasonNoSession {
		t.Errorf("without a session: %+v", d)
	}
	gone := func(g *Grant) Reason { return ReasonKeyRemoved }
	if d := h.decide([]*Grant{moderator}, roomNamed(t, "a"), gone); d.Allowed || d.Reason != ReasonKeyRemoved {
		t.Errorf("its key has gone: %+v", d)
	}
}

func TestNewPolicy(t *testing.T) {
	if _, err := NewPolicy([]HostPolicy{{Host: "a", MUC: []string{"c"}}, {Host: "b", Breakout: []string{"c"}}}); err == nil {
		t.Error("two hosts have one component")
	}
	if _, err := NewPolicy([]HostPolicy{{Host: "a", Others: Owner}}); err == nil {
		t.Error("everybody would be an owner")
	}
}

// FuzzOpens: a token for room A never opens a room whose canonical name is not A's.
func FuzzOpens(f *testing.F) {
	for _, s := range []string{"standup", "%41", "%2541", "a b", "[acme]x", "*", "ﬀ", "\u00ad", "%", "％20", "Ⅷ", "a\x00b"} {
		f.Add(s, "standup")
		f.Add(s, s)
	}
	p, err := NewPolicy([]HostPolicy{{Host: testHost, MUC: []string{testMUC}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, claim, local string) {
		room, err := ParseRoom(local + "@" + testMUC)
		if err != nil || claim == "*" {
			return
		}
		reason, _ := p.hosts[testHost].opens(&Grant{Host: testHost, Rooms: []string{claim}}, room)
		a, errA := canonicalRoom(claim)
		b, errB := canonicalRoom(local)
		if same := errA == nil && errB == nil && a == b; (reason == "") != same {
			t.Errorf("claim %q (%q, %v) and room %q (%q, %v): %q", claim, a, errA, local, b, errB, reason)
		}
		// What Prosody itself takes for one name is one here, and plain names are told apart byte for byte.
		plain := func(s string) bool {
			return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == ""
		}
		if plain(claim) && plain(local) && (reason == "") != (claim == local) {
			t.Errorf("claim %q and room %q: %q", claim, local, reason)
		}
		if prepared, err := jid.Nodeprep(local); err == nil && prepared == local && !strings.ContainsAny(local, "%") && claim == local && reason != "" {
			t.Errorf("its own name %q does not open it: %q", local, reason)
		}
	})
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
		"x@breakout." + testHost: ReasonBreakoutUnknown, "no room": ReasonMalformedRequest,
	} {
		lines, d := p.Explain(id, room, time.Now())
		failed := slices.ContainsFunc(lines, func(l auth.CheckLine) bool { return !l.OK })
		if d.Reason != want || failed == d.Allowed || d.Allowed && d.Affiliation != Owner {
			t.Errorf("%s: %+v, lines %+v", room, d, lines)
		}
	}
}

// TestExplainLobby: the explanation says whether the token's user would wait.
func TestExplainLobby(t *testing.T) {
	rules, err := lobby.NewRules(lobby.Gate, map[string]bool{"board-*": true}, nil)
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
