package component

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
)

// TestBeginning: a room in which somebody is, whatever as, or that stays, runs; of another its owners are named. A question
// without an answer is an error, unless somebody was seen.
func TestBeginning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		c, _ := s.client(t, testSecret)
		up(t, c)
		for name, row := range map[string]struct {
			there   string // role of who is in the room
			owners  string
			stays   string // as the configuration has it
			forbids string // a part of the questions that are refused
			want    string
			sent    int
		}{
			"a moderator":           {there: "moderator", stays: "0", want: "{true []} true", sent: 1},
			"a participant":         {there: "participant", stays: "0", want: "{true []} true", sent: 5},
			"a visitor":             {there: "visitor", stays: "0", want: "{true []} true", sent: 5},
			"nobody":                {stays: "0", want: "{false []} true", sent: 5},
			"nobody, and an owner":  {owners: "<item affiliation='owner' jid='alice@h/x'/><item affiliation='owner' jid='bob@h'/>", want: "{false [alice@h bob@h]} true", sent: 5},
			"nobody, but it stays":  {stays: "1", want: "{true []} true", sent: 5},
			"no configuration":      {forbids: "muc#owner", want: "{false []} false", sent: 5},
			"no list of owners":     {forbids: "affiliation=", want: "{false []} false", sent: 5},
			"no list of moderators": {forbids: "moderator", want: "{false []} false", sent: 1},
			"one of the lists":      {there: "participant", forbids: "visitor", want: "{false []} false", sent: 5},
			"somebody, no more":     {there: "participant", forbids: "muc#owner", want: "{true []} true", sent: 5},
		} {
			s.script(func() {
				s.log.Reset()
				s.answer = func(id, to, query string) string {
					list := ""
					switch {
					case row.forbids != "" && strings.Contains(query, row.forbids):
						return "<iq type='error' id='" + id + "' from='" + to + "'><error type='auth'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
					case strings.Contains(query, "muc#owner"):
						return result(id, to, "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='form'>"+
							"<field var='"+fieldPersistent+"'><value>"+row.stays+"</value></field></x></query>")
					case strings.Contains(query, "affiliation="):
						list = row.owners
					case row.there != "" && strings.Contains(query, row.there):
						list = "<item role='" + row.there + "' jid='carol@h/x' nick='c'/>"
					}
					return result(id, to, "<query xmlns='http://jabber.org/protocol/muc#admin'>"+list+"</query>")
				}
			})
			b, err := c.Beginning(t.Context(), "r@muc")
			if got := fmt.Sprint(b, err == nil); got != row.want {
				t.Errorf("%s: %s, %v; want %s", name, got, err, row.want)
			}
			s.mu.Lock()
			sent := strings.Count(s.log.String(), "\n")
			s.mu.Unlock()
			if sent != row.sent {
				t.Errorf("%s: %d questions, want %d", name, sent, row.sent)
			}
		}
	})
}
