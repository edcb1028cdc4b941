package relay

import (
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"
)

const sender = "usher.meet.example.com"

// entered is how Prosody shows the client its own presence in a room.
func entered(occupant string) string {
	return `<presence xmlns="jabber:client" from="` + occupant + `" to="` + full + `"><x xmlns="http://jabber.org/protocol/muc#user">` +
		`<item affiliation="owner" role="moderator"/><status code="110"/></x></presence>`
}

// notice is one of the component about a room, for a nickname there.
func notice(from, about, nick string) string {
	return `<message xmlns="jabber:client" type="chat" from="` + from + `" to="` + full + `"><body>Bob waits:&#xA;https://c/enter#s&lt;</body>` +
		`<notice xmlns="urn:usher:lobby" room="` + about + `" nick="` + nick + `"/></message>`
}

// TestNotices: what the component says about a room to its occupant is said by that room, where Jitsi's page shows it,
// one stanza for one; in a tenant's room by the address that the client knows. Everything else passes as it is: what
// another sends, also with the same in it, and what is about a room in which the account is not.
func TestNotices(t *testing.T) {
	const tenants = "one@conference.acme.meet.example.com"
	for _, row := range []struct{ inside, from, about, nick, said string }{
		{room, sender, room, "n", room},
		{tenants, sender, "[acme]" + room, "n", tenants},
		{room, "mallory@meet.example.com/x", room, "n", ""},
		{room, "usher.meet.example.org", room, "n", ""},
		{room, sender + "/x", room, "n", ""},
		{room, sender, room, "other", ""},
		{room, sender, "two@conference.meet.example.com", "n", ""},
		{"two@conference.meet.example.com", sender, room, "n", ""},
		{"", sender, room, "n", ""},
		{room, sender, "", "", ""},
	} {
		b := newBench(t, nil)
		b.streams.Component = func() string { return sender }
		b.login()
		if row.inside != "" {
			b.passes(b.down(entered(row.inside + "/n")))
		}
		text := notice(row.from, row.about, row.nick)
		if !b.stream.Minds([]byte(text)) {
			t.Error("it is not looked at")
		}
		v := b.down(text)
		if row.said == "" {
			b.passes(v)
			continue
		}
		var m struct {
			From string `xml:"from,attr"`
			To   string `xml:"to,attr"`
			JSON string `xml:"http://jitsi.org/jitmeet json-message"`
		}
		var said struct{ Type, Message, DisplayName string }
		if err := xml.Unmarshal(v.Replace, &m); err != nil || json.Unmarshal([]byte(m.JSON), &said) != nil || v.End != nil {
			t.Errorf("%+v: %s: %v", row, v.Replace, err)
		}
		if m.From != row.said || m.To != full || said.Type != "system_chat_message" || said.Message != "Bob waits:\nhttps://c/enter#s<" {
			t.Errorf("%+v becomes %s", row, v.Replace)
		}
	}
	b := newBench(t, nil)
	b.login()
	b.passes(b.down(entered(room + "/n")))
	b.passes(b.down(notice(sender, room, "n"))) // without a component
	b.passes(b.down(notice("", room, "n")))
	b.streams.Component = func() string { return sender }
	before, after, _ := strings.Cut(notice(sender, room, "n"), "<body>")
	_, after, _ = strings.Cut(after, "</body>")
	b.passes(b.down(before + after)) // no text in it
	if v := b.down(notice(sender, room, "n")); v.Replace == nil {
		t.Error("it passes as it is")
	}
}

// TestNames: a join tells what the account calls itself, whichever way that is written; not what another element says, nor
// a text that nobody could read.
func TestNames(t *testing.T) {
	nick := func(text string) string { return `<nick xmlns="http://jabber.org/protocol/nick">` + text + `</nick>` }
	for inside, want := range map[string]string{
		mucX:                                 "",
		mucX + nick("Bob"):                   "Bob",
		nick("B&lt;o&gt;b &amp; Ann") + mucX: "B<o>b & Ann",
		mucX + `<n:nick xmlns:n="http://jabber.org/protocol/nick"><![CDATA[<Bob>]]></n:nick>`: "<Bob>",
		mucX + nick("Bob") + nick("Eve"):            "Bob",
		mucX + nick("a<b>c</b>d"):                   "ad",
		mucX + nick(""):                             "",
		mucX + `<nick xmlns="other">Eve</nick>`:     "",
		mucX + `<x xmlns="y">` + nick("E") + `</x>`: "",
		mucX + nick(strings.Repeat("x", 1025)):      "",
	} {
		b := newBench(t, nil)
		b.login()
		b.passes(b.up(presence(room+"/n", "", inside)))
		if len(b.rooms.names) != 1 || b.rooms.names[0] != want {
			t.Errorf("%.200s: %q", inside, b.rooms.names)
		}
	}
}
