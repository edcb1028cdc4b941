package stanza_test

import (
	"strings"
	"testing"

	"usher/auth/gateway/stanza"
)

// sure are messages as clients write them.
var sure = []string{
	`<message xmlns="jabber:client" to="a@b/c" type="chat"><body>Grüße</body></message>`,
	`<message to='a@b' xmlns='jabber:client' xml:lang='en'><json-message xmlns='http://jitsi.org/jitmeet'>{"a":[1,2]}</json-message></message>`,
	`<message xmlns='jabber:client' to='r@c' type='groupchat'><body>a</body><x xmlns='urn:x'/><y  a="b" c='d"'/></message>`,
	`<message xmlns="jabber:client"/>`,
}

// unsure are no such messages, or spelt in another way.
var unsure = []string{
	``, `<message`, `<message `, `<message >`, `<message/>`, `<message xmlns="jabber:client">`,
	`<message to="a@b"></message>`, `<message xmlns="jabber:server" to="a"/>`, `<message xmlns="jabber:client" xmlns="jabber:client"/>`,
	`<presence xmlns="jabber:client"/>`, `<messages xmlns="jabber:client"/>`, `<message  xmlns="jabber:client" a="1"b="2"/>`,
	`<message xmlns="jabber:client"></message><presence xmlns="jabber:client" to="a@b/c"/>`,
	`<message xmlns="jabber:client"><a></b></message>`, `<message xmlns="jabber:client"></a></message>`,
	`<message xmlns="jabber:client"><!-- --></message>`, `<message xmlns="jabber:client"><?a b?></message>`,
	`<message xmlns="jabber:client"><![CDATA[</message><presence/>]]></message>`, `<message xmlns="jabber:client">]]></message>`,
	`<message xmlns="jabber:client"><p:a xmlns:p="u"/></message>`, `<message xmlns="jabber:client" to="a&#x40;b"/>`,
	"<message xmlns=\"jabber:client\" to=\"a\nb\"/>", "<message xmlns=\"jabber:client\">\x00</message>", "<message xmlns=\"jabber:client\">\xff</message>",
	"<message xmlns=\"jabber:client\">\uffff</message>", `<message xmlns="jabber:client" to="<"/>`, `<message xmlns="jabber:client"><a xmlns=""/></message>`,
	`<message xmlns="jabber:client"><a xmlns="u u"/></message>`, `<message xmlns="jabber:client"><a/ ></message>`, `<message xmlns="jabber:client"> </message> `,
	`<message xmlns="jabber:client">` + strings.Repeat("<a>", 20) + strings.Repeat("</a>", 20) + `</message>`,
	`<message xmlns="jabber:client">` + strings.Repeat("a", 5000) + `</message>`, `<message xmlns="jabber:client" a="" b="" c="" d="" e="" f="" g="" h=""/>`,
	` <message xmlns="jabber:client"/>`, `<message xmlns="jabber:client"><1/></message>`, `<message xmlns="jabber:client" to=a/>`,
}

// TestSurelyMessage: what clients write is known without a parser, and nothing else is.
func TestSurelyMessage(t *testing.T) {
	for _, text := range sure {
		if !stanza.SurelyMessage([]byte(text)) {
			t.Errorf("not sure of %q", text)
		}
	}
	for _, text := range unsure {
		if stanza.SurelyMessage([]byte(text)) {
			t.Errorf("sure of %q", text)
		}
	}
}

// FuzzSurelyMessage: whatever it says yes to, the parser reads as a message of a client.
func FuzzSurelyMessage(f *testing.F) {
	for _, text := range append(sure, unsure...) {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if !stanza.SurelyMessage(text) {
			return
		}
		e, err := stanza.Parse(text)
		if err != nil || !e.Is(stanza.NamespaceClient, "message") {
			t.Errorf("%q is %v, %v", text, e, err)
		}
	})
}

// BenchmarkMessage compares it with the parser.
func BenchmarkMessage(b *testing.B) {
	text := []byte(sure[1])
	b.Run("surely", func(b *testing.B) {
		for b.Loop() {
			stanza.SurelyMessage(text)
		}
	})
	b.Run("parse", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = stanza.Parse(text)
		}
	})
}
