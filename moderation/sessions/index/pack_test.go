package index

import (
	"encoding/hex"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"usher/auth"
	"usher/internal/loginid"
	"usher/moderation"
)

func drawSession(r *rapid.T) moderation.Session {
	text := func(name string) string {
		return rapid.OneOf(rapid.Just(""), rapid.Just("ann"), rapid.String()).Draw(r, name)
	}
	choice := func(name string) auth.Choice { return auth.Choice(rapid.IntRange(0, 2).Draw(r, name)) }
	yes := func(name string) bool { return rapid.Bool().Draw(r, name) }
	at := func(name string, most int64) time.Time {
		return time.Unix(rapid.Int64Range(-most, most).Draw(r, name), rapid.Int64Range(0, 999_999_999).Draw(r, name+" fraction"))
	}
	print := rapid.OneOf(rapid.Just(""), rapid.StringMatching("[0-9a-f]{32}"), rapid.StringMatching("[0-9A-F]{32}"), rapid.String())
	s := moderation.Session{Host: text("host"), Account: text("account"), User: text("user"), Random: yes("random"),
		Issuer: text("issuer"), KeyID: text("key"), KeyPrint: print.Draw(r, "key print"), TokenPrint: print.Draw(r, "token print"),
		TokenID: text("token"), Subject: text("subject"), RoomRegex: yes("regex"), Moderator: yes("moderator"),
		LobbyBypass: choice("bypass"), RoomLobby: choice("lobby"), Autostart: choice("autostart"),
		LoggedIn: at("in", 1<<33), Used: at("used", 1<<33), IssuedAt: rapid.Int64().Draw(r, "issued"),
		Domain: text("domain"), Anonymous: yes("anonymous"), DisplayID: text("id"), DisplayName: text("name"),
		LoginID: loginid.ID(rapid.Uint64().Draw(r, "login")), Node: text("node")}
	if yes("rooms") {
		s.Rooms = rapid.SliceOf(rapid.String()).Draw(r, "list")
	}
	switch rapid.IntRange(0, 2).Draw(r, "end") {
	case 1:
		s.Expires = at("end", 1<<33)
	case 2:
		s.Expires = time.Unix(rapid.Int64Range(1<<34, 253_402_300_000).Draw(r, "far end"), 0) // the year 9999
	}
	s.ID = moderation.NewID(s.TokenPrint, s.AccountDomain(), s.Account)
	return s
}

// TestUnpack: what is kept of a session is all of it, whatever its texts, its times and its token are.
func TestUnpack(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := drawSession(r)
		g := Make(&s)
		got := g.Unpack()
		got.Used = g.Used()
		if !reflect.DeepEqual(got, s) {
			r.Fatalf("%+v became\n%+v", s, got)
		}
		if g.JID() != s.JID() || g.Issued() != s.Issued() || g.Principal() != PrincipalOf(s.Principal()) || *g.Login() != *s.Login() ||
			g.Lifetime() != s.Lifetime() || g.Token() != TokenID(s.TokenPrint) || g.Random() != s.Random {
			r.Fatalf("%+v: it is said that %+v", s, g)
		}
	})
}

// TestBeyond: what is over stays over, and what is due later stays so, in years that nanoseconds do not reach.
func TestBeyond(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for year := 1; year < 1700; year += 20 {
		expires := time.Date(year, 2, 3, 4, 5, 6, 7, time.UTC)
		g := Make(&moderation.Session{LoggedIn: now, Used: now, Expires: expires})
		if l := g.Lifetime(); !l.Ended(now, moderation.Times{Idle: time.Hour}) {
			t.Errorf("what expired at %s expires at %s", expires, l.Expires)
		}
	}
	for year := 2200; year < 10_000; year += 40 {
		due := time.Date(year, 2, 3, 4, 5, 6, 7, time.UTC)
		x, l := New(), NewLogin(&moderation.Session{LoggedIn: due, Used: due})
		l.Schedule(due)
		x.Insert(l)
		if x.Due(now) != nil || !l.IsDueAfter(now) || !l.LoggedIn().After(now) || !l.Used().After(now) {
			t.Errorf("what is of %d logged in at %s", year, l.LoggedIn())
		}
	}
}

// TestTokenID: a thumbprint is known by its number, and by nothing else that another one is.
func TestTokenID(t *testing.T) {
	seen := map[PrincipalID]string{}
	for _, print := range []string{"", "t", "0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdeg", "0123456789abcdef"} {
		id := TokenID(print)
		if other, there := seen[id]; there {
			t.Errorf("%q is %q", print, other)
		}
		seen[id] = print
	}
	if id := TokenID("0123456789abcdef0123456789abcdef"); hex.EncodeToString(id[:]) != "0123456789abcdef0123456789abcdef" {
		t.Errorf("%x", id)
	}
}
