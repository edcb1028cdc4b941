package component

import (
	"strings"
	"testing"
	"testing/synctest"

	"usher/internal/jid"
)

// TestConfiguration: a room's configuration says who is let in and whose breakout room it is; Prosody writes a false that was
// never set without a value.
func TestConfiguration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		c, _ := s.client(t, testSecret)
		up(t, c)
		field := func(name, values string) string {
			return "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='form'>" +
				"<field var='muc#roomconfig_roomname' type='text-single'><value>1</value></field><field var='" + name + "'>" + values + "</field></x></query>"
		}
		rooms := map[string]struct {
			fields  string
			members bool
			main    string
			ok      [2]bool
		}{
			"closed@muc":    {field(fieldMembersOnly, "<value>1</value>"), true, "", [2]bool{true, false}},
			"true@muc":      {field(fieldMembersOnly, "<value>true</value>"), true, "", [2]bool{true, false}},
			"open@muc":      {field(fieldMembersOnly, "<value>0</value>"), false, "", [2]bool{true, false}},
			"never@muc":     {field(fieldMembersOnly, ""), false, "", [2]bool{true, false}},
			"twice@muc":     {field(fieldMembersOnly, "<value>0</value><value>1</value>"), false, "", [2]bool{}},
			"odd@muc":       {field(fieldMembersOnly, "<value>maybe</value>"), false, "", [2]bool{}},
			"silent@muc":    {"", false, "", [2]bool{}},
			"breakout@muc":  {field(fieldMainRoom, "<value>main@conference.acme.host</value>"), false, "main@conference.acme.host", [2]bool{false, true}},
			"breakout2@muc": {field(fieldMainRoom, "<value>"+strings.Repeat("x", jid.MaxJID+1)+"</value>"), false, "", [2]bool{}},
		}
		s.script(func() {
			s.answer = func(id, to, query string) string {
				if !strings.Contains(query, "http://jabber.org/protocol/muc#owner") {
					return result(id, to, "") // disco#info may be forbidden
				}
				return result(id, to, rooms[to].fields)
			}
		})
		for name, row := range rooms {
			members, badMembers := c.MembersOnly(t.Context(), name)
			main, badMain := c.MainRoom(t.Context(), name)
			if members != row.members || (badMembers == nil) != row.ok[0] || main != row.main || (badMain == nil) != row.ok[1] {
				t.Errorf("%s: members only %v, %v; main room %q, %v", name, members, badMembers, main, badMain)
			}
		}
	})
}
