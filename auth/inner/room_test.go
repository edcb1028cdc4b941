package inner

import (
	"strings"
	"testing"
	"time"
)

// TestRoom: one room if the token opens exactly that, or if of its two spellings the address has one; else every room.
func TestRoom(t *testing.T) {
	type row struct {
		sub          string
		rooms        []string
		regex        bool
		room, tenant string // of the address
		want, inSub  string // with domain verification
		without      string // and without
	}
	for _, c := range []row{
		{host, nil, false, "standup", "", "*", host, "*"},
		{host, []string{"*"}, false, "standup", "", "*", host, "*"},
		{host, []string{"Standup"}, false, "other", "", "standup", host, "standup"},
		{"MEET.example.COM", []string{"Standup", "STANDUP"}, false, "", "", "standup", host, "standup"},
		{host, []string{"a", "b"}, false, "a", "", "*", host, "*"},
		{host, []string{"a", "*"}, false, "a", "", "*", host, "*"},
		{host, []string{"board-.*"}, true, "board-1", "", "*", host, "*"},
		{host, []string{"%73tandup"}, false, "standup", "", "%73tandup", host, "%73tandup"},
		{host, []string{"me & you"}, false, "", "", "me%20%26%20you", host, "me%20%26%20you"},
		{host, []string{"it's"}, false, "it's", "", "/", host, "/"},
		{host, []string{"ｓｔａｎｄｕｐ"}, false, "standup", "", "/", host, "/"},
		{host, []string{"me+you"}, false, "me+you", "", "me+you", host, "me+you"},
		{host, []string{"me+you"}, false, "me%2byou", "", "me%2byou", host, "me%2byou"},
		{host, []string{"me+you"}, false, "other", "", "*", host, "*"},
		{host, []string{"me+you"}, false, "", "", "*", host, "*"},
		{host, []string{"me+you"}, false, "me+you", "acme", "*", host, "*"},
		{"*", []string{"standup"}, false, "", "", "standup", "*", "standup"},
		{"Acme", []string{"standup"}, false, "", "", "standup", "acme", "[acme]standup"},
		{"acme", []string{"me+you"}, false, "me+you", "ACME", "me+you", "acme", "[acme]me+you"},
		{"acme", []string{"me+you"}, false, "me+you", "", "*", "acme", "*"},
		{"acme", []string{"[acme]board"}, false, "board", "acme", "board", "acme", "[acme]board"},
		{"acme", []string{"[acme]board"}, false, "board", "other", "*", "acme", "*"},
		{"*", []string{"[acme]board"}, false, "board", "acme", "board", "*", "[acme]board"},
		{host, []string{"[acme]board"}, false, "%5bacme%5dboard", "", "%5bacme%5dboard", host, "%5bacme%5dboard"},
		{"Straße", []string{"standup"}, false, "", "", "standup", "/", "standup"},
		{"", nil, false, "", "", "*", "/", "*"},
		{"a\nb", nil, false, "", "", "*", "/", "*"},
		{"a]b", []string{"standup"}, false, "", "", "standup", "/", "standup"},
		{strings.Repeat("x", 256), nil, false, "", "", "*", "/", "*"},
	} {
		r := testRules()
		f := read(t, r, Facts{Subject: c.sub, Rooms: c.rooms, RoomRegex: c.regex}, `{}`, nil)
		l := Login{Now: time.Unix(1000, 0), Features: true, Room: c.room, Tenant: c.tenant}
		want := func(room, sub string) string { return `{"room":` + quote(room) + `,"sub":` + quote(sub) + `}` }
		if got := shown(r, f, l); got != want(c.want, c.inSub) {
			t.Errorf("%+v: got %s", c, got)
		}
		r.DomainVerification = false
		if got := shown(r, f, l); got != want(c.without, c.inSub) {
			t.Errorf("%+v, not verified: got %s", c, got)
		}
	}
	r := testRules()
	r.Tenants = false
	for _, sub := range []string{"acme", host, "*", "", "Straße", "meet.public.example"} {
		if got := subject(r, sub); got != "*" {
			t.Errorf("tokens.subject is not tenant, sub %q: %q", sub, got)
		}
	}
}
