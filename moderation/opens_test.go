package moderation

import (
	"slices"
	"strings"
	"testing"

	"usher/internal/jid"
)

// A subject mode of the table: sub is compared with tenants, or not.
const (
	tenants   = true
	noTenants = false
)

// opening is the truth table of claims and rooms; a row without a reason opens.
var opening = []struct {
	rooms []string
	regex bool
	mode  bool
	sub   string
	room  string
	want  Reason
}{
	{rooms: []string{"standup"}, room: "standup"},
	{rooms: []string{"StandUp"}, room: "standup"},
	{rooms: []string{"standup"}, room: "standup2", want: ReasonRoomMismatch},
	{rooms: []string{"standup"}, room: "stand", want: ReasonRoomMismatch},
	{rooms: []string{"stаndup"}, room: "standup", want: ReasonRoomMismatch}, // a Cyrillic letter
	// Neither side is decoded, folded or dropped.
	{rooms: []string{"strasse"}, room: "stra%c3%9fe", want: ReasonRoomMismatch},
	{rooms: []string{"Straße"}, room: "stra%c3%9fe"},
	{rooms: []string{"Straße"}, room: "strasse", want: ReasonRoomMismatch},
	{rooms: []string{"standup"}, room: "%73tandup", want: ReasonRoomMismatch},
	{rooms: []string{"%73tandup"}, room: "standup", want: ReasonRoomMismatch},
	{rooms: []string{"coop"}, room: "co%c2%adop", want: ReasonRoomMismatch},
	{rooms: []string{"co\u00adop"}, room: "coop", want: ReasonRoomMismatch},
	{rooms: []string{"ＳＴＡＮＤＵＰ"}, room: "standup", want: ReasonRoomSpelling},
	{rooms: []string{"ﬁsh", "fish"}, room: "fish"},
	{rooms: []string{"ﬁsh", "x"}, room: "fish", want: ReasonRoomMismatch},
	{rooms: []string{"it's"}, room: "its", want: ReasonRoomSpelling},
	{rooms: []string{"тест"}, room: "%d1%82%d0%b5%d1%81%d1%82"},
	{rooms: []string{"тест"}, room: "тест"},
	{rooms: []string{"%D1%82%D0%B5%D1%81%D1%82"}, room: "%d1%82%d0%b5%d1%81%d1%82"},
	{rooms: []string{"%D1%82%D0%B5%D1%81%D1%82"}, room: "тест", want: ReasonRoomMismatch},
	{rooms: []string{"my room"}, room: "my%20room"},
	{rooms: []string{"my%20room"}, room: "my%20room"},
	{rooms: []string{"my%2520room"}, room: "my%20room", want: ReasonRoomMismatch},
	{rooms: []string{"my%2520room"}, room: "my%2520room"},
	{rooms: []string{"100%"}, room: "100%"},
	{rooms: []string{"100%"}, room: "100%25"},
	{rooms: []string{"a/b"}, room: "a%2fb"},
	// Rooms that no localpart could be made of once decoded.
	{rooms: []string{"Team 🚀"}, room: "team%20%f0%9f%9a%80"},
	{rooms: []string{"🚀"}, room: "🚀"},
	{rooms: []string{"שלום1"}, room: "%d7%a9%d7%9c%d7%95%d7%9d1"},
	{rooms: []string{"*"}, mode: tenants, sub: "acme", room: "[acme]%d7%a9%d7%9c%d7%95%d7%9d1"},
	{rooms: []string{"*"}, mode: tenants, sub: "acme", room: "[acme]🚀"},
	{rooms: []string{"*"}, mode: tenants, sub: testHost, room: "%ea%99%ae"},
	// Several, and none.
	{rooms: []string{"*"}, room: "whatever"},
	{rooms: []string{"a", "b"}, room: "b"},
	{rooms: []string{"a", "*"}, room: "z"},
	{rooms: []string{"stand*"}, room: "standup", want: ReasonRoomMismatch}, // no wildcard
	{rooms: nil, room: "whatever"},
	{rooms: []string{}, room: "whatever", want: ReasonRoomMismatch},
	// Regular expressions.
	{rooms: []string{"team-[0-9]+"}, room: "team-7", want: ReasonRoomMismatch}, // none unless it says so
	{rooms: []string{"team-[0-9]+"}, regex: true, room: "team-7"},
	{rooms: []string{"Team-[0-9]+"}, regex: true, room: "team-7"},
	{rooms: []string{"team-[0-9]+"}, regex: true, room: "[acme]team-7"},
	{rooms: []string{"team"}, regex: true, room: "team-7", want: ReasonRoomMismatch}, // the whole name
	{rooms: []string{"team|.*x"}, regex: true, room: "ateam", want: ReasonRoomMismatch},
	{rooms: []string{"a)|(.*"}, regex: true, room: "b", want: ReasonRoomMismatch},
	{rooms: []string{"(?m)^a$"}, regex: true, room: "a"},
	{rooms: []string{"(unclosed"}, regex: true, room: "(unclosed", want: ReasonRoomMismatch},
	{rooms: []string{"(unclosed", "b"}, regex: true, room: "b"},
	{rooms: []string{strings.Repeat("(a|b)", 300)}, regex: true, room: strings.Repeat("a", 300), want: ReasonRoomMismatch},
	{rooms: []string{"*"}, regex: true, room: "b"},
	{rooms: []string{"räk-.*"}, regex: true, room: "r%c3%a4k-1"}, // decoded
	{rooms: []string{"räk-.*"}, regex: true, room: "räk-1"},
	{rooms: []string{"r%c3%a4k-.*"}, regex: true, room: "r%c3%a4k-1"}, // as Prosody calls it
	{rooms: []string{"standup"}, regex: true, room: "%73tandup", want: ReasonRoomMismatch},
	{rooms: []string{"strasse"}, regex: true, room: "stra%c3%9fe", want: ReasonRoomMismatch},
	{rooms: []string{"co.op"}, regex: true, room: "co%c2%adop"},
	{rooms: []string{"coop"}, regex: true, room: "co%c2%adop", want: ReasonRoomMismatch},
	{rooms: []string{"s"}, regex: true, room: "%c5%bf", want: ReasonRoomMismatch}, // the long s, of which Prosody makes an s
	{rooms: []string{"team%-%d+"}, regex: true, room: "team-7", want: ReasonRoomMismatch},
	// Tenants.
	{rooms: []string{"standup"}, mode: tenants, sub: "Acme", room: "[acme]standup"},
	{rooms: []string{"standup"}, mode: tenants, sub: "acme", room: "[other]standup", want: ReasonTenantMismatch},
	{rooms: []string{"standup"}, mode: tenants, sub: "acme", room: "standup", want: ReasonTenantMismatch},
	{rooms: []string{"standup"}, mode: tenants, sub: testHost, room: "standup"},
	{rooms: []string{"standup"}, mode: tenants, sub: "MEET.example.com", room: "standup"},
	{rooms: []string{"standup"}, mode: tenants, sub: "meet.example\u212aom", room: "standup", want: ReasonTenantMismatch},
	{rooms: []string{"standup"}, mode: tenants, sub: "*", room: "[other]standup"},
	{rooms: []string{"*"}, mode: tenants, sub: "acme", room: "[other]x", want: ReasonTenantMismatch},
	{rooms: []string{"standup"}, mode: tenants, sub: "acme", room: "[acme][other]standup", want: ReasonRoomMismatch},
	{rooms: []string{"standup"}, mode: tenants, sub: "acme]x[acme", room: "[acme]standup", want: ReasonTenantMismatch},
	{rooms: []string{"board"}, mode: tenants, sub: "strasse", room: "[stra%c3%9fe]board", want: ReasonTenantMismatch},
	{rooms: []string{"board"}, mode: tenants, sub: "strasse", room: "[strasse]board"},
	{rooms: []string{"board"}, mode: tenants, sub: "Straße", room: "[strasse]board", want: ReasonTenantMismatch},
	{rooms: []string{"board"}, mode: tenants, sub: "acme.com", room: "[acme_com]board", want: ReasonTenantMismatch},
	{rooms: []string{"board"}, mode: tenants, sub: "acme_com", room: "[acme_com]board"},
	{rooms: []string{"board"}, mode: tenants, sub: "MÜNCHEN", room: "[münchen]board"},
	{rooms: []string{"[acme]standup"}, mode: tenants, sub: "acme", room: "[acme]standup"},
	{rooms: []string{"[acme]standup"}, mode: tenants, sub: "other", room: "[acme]standup", want: ReasonTenantMismatch},
	{rooms: []string{"[acme]standup"}, mode: tenants, sub: "*", room: "[other]standup", want: ReasonRoomMismatch},
	{rooms: []string{"[Acme]Räk"}, mode: tenants, sub: "*", room: "[acme]r%c3%a4k"},
	// Without tenants in sub a name without one opens every tenant's room.
	{rooms: []string{"standup"}, mode: noTenants, sub: "acme", room: "[other]standup"},
	{rooms: []string{"standup"}, mode: noTenants, sub: "acme", room: "standup"},
	{rooms: []string{"[acme]standup"}, mode: noTenants, sub: testHost, room: "[acme]standup"},
	{rooms: []string{"[acme]standup"}, mode: noTenants, room: "[other]standup", want: ReasonRoomMismatch},
	{rooms: []string{"[acme]standup"}, mode: noTenants, room: "standup", want: ReasonRoomMismatch},
}

func TestOpens(t *testing.T) {
	for _, row := range opening {
		p := policy(t, func(h *HostPolicy) { h.Tenants = row.mode })
		g := &Session{Host: testHost, Subject: row.sub, Rooms: row.rooms, RoomRegex: row.regex}
		got, detail := p.hosts[testHost].Opens(g, roomNamed(t, row.room))
		if got != row.want || (got == "") != (detail == "") {
			t.Errorf("%q (regex %v, sub %q, tenants %v) and %q: %q, want %q (%s)", row.rooms, row.regex, row.sub, row.mode, row.room, got, row.want, detail)
		}
	}
}

// TestOpensSays: a refusal says what to change.
func TestOpensSays(t *testing.T) {
	const regexHint = "; if that is a regular expression, have the application set context.room.regex: true, and write it for RE2"
	for _, row := range []struct {
		g          Session
		room, text string
	}{
		{Session{Subject: testHost, Rooms: []string{"ｓｔａｎｄｕｐ"}}, "standup", `write "standup"`},
		{Session{Subject: testHost, Rooms: []string{"it's"}}, "its", "apostrophe"},
		{Session{Subject: "Straße", Rooms: []string{"*"}}, "[strasse]x", `write "strasse"`},
		{Session{Subject: "x", Rooms: []string{"*"}}, "[acme]x", "or set tokens.subject: any, with which a name in room opens that room in every tenant"},
		{Session{Subject: testHost, Rooms: []string{"^team%-%d+$"}}, "team-7", regexHint},
		{Session{Subject: testHost, Rooms: []string{"team.*"}}, "team-7", regexHint},
		{Session{Subject: testHost, Rooms: []string{`team-\d`}}, "team-7", regexHint},
		{Session{Subject: testHost, Rooms: []string{"team-[0-9]"}}, "team-7", regexHint},
		{Session{Subject: testHost, Rooms: []string{"other", "team-*"}}, "team-7", `; "*" is every room only if it stands alone; for some rooms have the application set context.room.regex: true, and write .* there`},
		{Session{Subject: testHost, Rooms: []string{"team-7@conference.example.com"}}, "team-7", "; if that is an address, write what stands before the @ alone"},
		{Session{Subject: testHost, Rooms: []string{"https://meet.example.com/team-7"}}, "team-7", "; if that is a link, write the last part of its path alone"},
		{Session{Subject: testHost, Rooms: []string{" team-7"}}, "team-7", "; take out the white space around the name"},
		{Session{Subject: testHost, Rooms: []string{"team-8"}}, "team-7", `which does not open "team-7"; use a link to this room, or have the application write "team-7" into room$`},
		{Session{Subject: testHost, Rooms: []string{"[acme]a.b+c", "r%c3%a4k", "50%off"}}, "team-7", `which does not open "team-7"; use a link to this room, or have the application write "team-7" into room$`},
		{Session{Subject: testHost, Rooms: []string{"x"}}, "*", `which does not open "*"; use a link to this room$`},
		{Session{Subject: "acme", Rooms: []string{"x"}}, "[acme]team-7", `; use a link to this room, or have the application write "[acme]team-7" into room$`},
		{Session{Subject: testHost, Rooms: []string{"a"}, RoomRegex: true}, "team-7", "; use a link to this room, or have the application write an expression for the whole name into room$"},
		{Session{Subject: testHost, Rooms: []string{"%d+"}, RoomRegex: true}, "y", `looks like a Lua pattern); have the application write it for RE2: \d for %d, \- for %-$`},
		{Session{Subject: "x", Rooms: []string{"*"}}, "x", "sub must be " + testHost},
		{Session{Subject: testHost, Rooms: []string{"team%-%d+"}, RoomRegex: true}, "team-7", "RE2"},
		{Session{Subject: testHost, Rooms: []string{"(%w+)-x"}, RoomRegex: true}, "y", "RE2"},
		{Session{Subject: testHost, Rooms: []string{"("}, RoomRegex: true}, "y", "cannot be read"},
	} {
		p := policy(t, func(h *HostPolicy) { h.Tenants = true })
		if _, detail := p.hosts[testHost].Opens(&row.g, roomNamed(t, row.room)); !strings.Contains(detail+"$", row.text) {
			t.Errorf("%+v and %q: %s, want %s", row.g, row.room, detail, row.text)
		}
	}
	for text, want := range map[string]bool{"%d": true, "a%-b": true, "[%w]+": true, "%%": true, "r%c3%a4k": false, "100%": false, "50%off": false, "%41%d": true, "a.*": false} {
		if isLuaPattern(text) != want {
			t.Errorf("%q is taken for a Lua pattern: %v", text, !want)
		}
	}
}

// TestMendRoom: each refusal has a mend behind a semicolon, and a name that is proposed for room opens that room, and is
// not every room.
func TestMendRoom(t *testing.T) {
	for _, row := range opening {
		room := roomNamed(t, row.room)
		p := policy(t, func(h *HostPolicy) { h.Tenants = row.mode })
		g := &Session{Host: testHost, Subject: row.sub, Rooms: row.rooms, RoomRegex: row.regex}
		reason, detail := p.hosts[testHost].Opens(g, room)
		if (reason == ReasonRoomMismatch || reason == ReasonRoomSpelling) && !strings.Contains(detail, "; ") {
			t.Errorf("%q and %q: no mend in %s", row.rooms, row.room, detail)
		}
		if !strings.Contains(mendRoom(room), " write ") {
			continue
		}
		if reason, detail := names([]string{room.Local}, room); reason != "" || room.Local == "*" {
			t.Errorf("%s, which does not: %s", mendRoom(room), detail)
		}
	}
}

// TestBoundIssuers: what an issuer is bound to no claim of its tokens leaves.
func TestBoundIssuers(t *testing.T) {
	for _, row := range []struct {
		bounds Bounds
		mode   bool
		sub    string
		rooms  []string
		room   string
		want   Reason
	}{
		{Bounds{}, tenants, "*", []string{"*"}, "[other]x", ""},
		{Bounds{Tenants: []string{"Acme"}}, tenants, "*", []string{"*"}, "[acme]x", ""},
		{Bounds{Tenants: []string{"acme"}}, tenants, "*", []string{"*"}, "[other]x", ReasonTenantMismatch},
		{Bounds{Tenants: []string{"acme"}}, tenants, "other", []string{"*"}, "[other]x", ReasonTenantMismatch},
		{Bounds{Tenants: []string{"acme"}}, tenants, "*", []string{"*"}, "x", ReasonTenantMismatch},
		{Bounds{Tenants: []string{"acme", testHost}}, tenants, "*", []string{"*"}, "x", ""},
		{Bounds{Tenants: []string{"acme"}}, noTenants, "", []string{"*"}, "[other]x", ReasonTenantMismatch},
		{Bounds{Tenants: []string{"acme"}}, noTenants, "", []string{"[other]x"}, "[other]x", ReasonTenantMismatch},
		{Bounds{Tenants: []string{"acme"}}, noTenants, "", nil, "[other]x", ReasonTenantMismatch},
		{Bounds{Rooms: []string{"board-*", "[acme]*"}}, noTenants, "", []string{"*"}, "board-1", ""},
		{Bounds{Rooms: []string{"board-*"}}, noTenants, "", []string{"*"}, "[x]board-1", ""},
		{Bounds{Rooms: []string{"board-*", "[acme]*"}}, noTenants, "", []string{"*"}, "[acme]standup", ""},
		{Bounds{Rooms: []string{"board-*"}}, noTenants, "", []string{"*"}, "standup", ReasonRoomMismatch},
		{Bounds{Rooms: []string{"board-*"}}, noTenants, "", []string{"standup"}, "standup", ReasonRoomMismatch},
		{Bounds{Rooms: []string{"räk*"}}, noTenants, "", []string{"*"}, "r%c3%a4k-1", ""},
		{Bounds{Tenants: []string{"acme"}, Rooms: []string{"board-*"}}, tenants, "*", []string{"*"}, "[acme]standup", ReasonRoomMismatch},
	} {
		p := policy(t, func(h *HostPolicy) { h.Tenants, h.Issuers = row.mode, map[string]Bounds{"bound": row.bounds} })
		g := &Session{Host: testHost, Issuer: "bound", Subject: row.sub, Rooms: row.rooms}
		got, detail := p.hosts[testHost].Opens(g, roomNamed(t, row.room))
		if got != row.want || got != "" && !strings.Contains(detail, `of issuer "bound"`) {
			t.Errorf("%+v, sub %q, %q and %q: %q (%s), want %q", row.bounds, row.sub, row.rooms, row.room, got, detail, row.want)
		}
		g.Issuer = "another"
		if got, detail := p.hosts[testHost].Opens(g, roomNamed(t, row.room)); got == ReasonTenantMismatch && row.sub == "*" {
			t.Errorf("another issuer is bound, too: %s", detail)
		}
	}
	for _, bad := range []Bounds{{Tenants: []string{"Straße"}}, {Tenants: []string{""}}, {Rooms: []string{"a/b"}}} {
		if _, err := NewPolicy([]HostPolicy{{Host: "h", Issuers: map[string]Bounds{"x": bad}}}, nil); err == nil {
			t.Errorf("%+v is in force", bad)
		}
	}
}

// TestFindRoom: an address is read as Prosody and Jitsi's mapper read it, and nothing that only looks like one is.
func TestFindRoom(t *testing.T) {
	p := policy(t, nil)
	for address, want := range map[string]string{
		"standup@" + testMUC:                              "standup@" + testMUC,
		"StandUp@Conference.MEET.example.com":             "standup@" + testMUC,
		"standup@" + testMUC + ".":                        "standup@" + testMUC,
		"standup@" + testMUC + "..":                       "",
		"Straße@" + testMUC:                               "strasse@" + testMUC, // it is Prosody that folds here
		"stra%c3%9fe@" + testMUC:                          "stra%c3%9fe@" + testMUC,
		"🚀@" + testMUC:                                    "🚀@" + testMUC,
		"standup@ｃonference．meet．example．com":             "standup@" + testMUC,
		"board@conference.acme." + testHost:               "[acme]board@" + testMUC,
		"Board@conference.Acme." + testHost + ".":         "[acme]board@" + testMUC,
		"board@conference．acme．" + testHost:               "[acme]board@" + testMUC,
		"board@conference.straße." + testHost:             "[strasse]board@" + testMUC,
		"board@conference.stra%c3%9fe." + testHost:        "[stra%c3%9fe]board@" + testMUC,
		"[x]board@conference.acme." + testHost:            "[acme][x]board@" + testMUC,
		"board@conference.a.b." + testHost:                "",
		"board@conference.acme." + testHost + ".evil.org": "",
		"board@conferencexacme." + testHost:               "",
		"board@xconference.acme." + testHost:              "",
		"board@conference.acme.evil.org":                  "",
		"board@conference.." + testHost:                   "",
		"board@conference.a]b." + testHost:                "",
		"board@breakout.acme." + testHost:                 "",
		"board@breakout." + testHost:                      "board@breakout." + testHost,
		"board@" + testHost:                               "",
		"it's@" + testMUC:                                 "",
		"@" + testMUC:                                     "",
		"board":                                           "",
		"a@b@" + testMUC:                                  "",
		"board@" + testMUC + "/nick":                      "",
		"":                                                "",
		strings.Repeat("x", 4000) + "@" + testMUC:         "",
	} {
		name, h, err := p.Find(address)
		if name.JID != want || (err == nil) != (want != "") || (h == nil) != (want == "") {
			t.Errorf("%.80q is %q, %v, want %q", address, name.JID, err, want)
		}
	}
}

// TestParseRoom: what Prosody calls a room is read whole, or not at all.
func TestParseRoom(t *testing.T) {
	for _, bad := range []string{"", "board", "@" + testMUC, "board@", "board@" + testMUC + "/nick", "a/b@" + testMUC, "a@b@" + testMUC,
		"a\xff@" + testMUC, strings.Repeat("x", 3*1023) + "@" + testMUC} {
		if r, err := ParseRoom(bad); err == nil || r.JID != "" {
			t.Errorf("%.80q is %+v", bad, r)
		}
	}
	if r, err := ParseRoom("[acme]board@" + testMUC); err != nil || r.Tenant != "acme" || r.Name != "board" || r.Domain != testMUC {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestListedIsNoTenant: a component that is listed is that component, also where its name could be a tenant's address of
// another.
func TestListedIsNoTenant(t *testing.T) {
	listed := "conference.acme." + testHost
	for name, h := range map[string]HostPolicy{
		"muc":   {MUC: []string{testMUC, listed}},
		"lobby": {MUC: []string{testMUC}, LobbyDomain: listed},
	} {
		h.Host = testHost
		p, err := NewPolicy([]HostPolicy{h}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if at, err := p.Where("board@" + listed); err != nil || at.Tenant != "" || at.Lobby != (name == "lobby") {
			t.Errorf("%s: %+v, %v", name, at.RoomName, err)
		}
	}
}

// FuzzOpens: a token opens the rooms that its claim names, and no others.
func FuzzOpens(f *testing.F) {
	for _, s := range []string{"standup", "%41", "%2541", "a b", "[acme]x", "*", "ﬀ", "\u00ad", "%", "％20", "Ⅷ", "a\x00b", "straße", "stra%c3%9fe", "strasse"} {
		f.Add(s, "standup")
		f.Add(s, s)
		f.Add("strasse", s)
	}
	p, err := NewPolicy([]HostPolicy{{Host: testHost, MUC: []string{testMUC}}}, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, claim, local string) {
		room, err := ParseRoom(local + "@" + testMUC)
		if err != nil || claim == "*" {
			return
		}
		reason, _ := p.hosts[testHost].Opens(&Session{Host: testHost, Rooms: []string{claim}}, room)
		c, _ := jid.ReadClaim(claim)
		name := room.Name
		if jid.SplitRoom(claim).Tenant != "" {
			name = room.Local
		}
		if want := slices.Contains(c.Names(), name); (reason == "") != want {
			t.Errorf("claim %q, which opens %q, and room %q: %q", claim, c.Names(), local, reason)
		}
	})
}
