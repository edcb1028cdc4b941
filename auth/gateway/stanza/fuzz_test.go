package stanza_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"usher/auth/gateway/stanza"
)

// FuzzRewrite holds: whatever passes with a ticket is, but for what the one
// element holds, what it was.
func FuzzRewrite(f *testing.F) {
	for _, s := range []string{
		`<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="ANONYMOUS"/>`,
		`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS' >=</auth >`,
		`<a:auth xmlns:a='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS' b="/>"/>`,
		`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'><![CDATA[x]]>&lt;</auth>`,
		`<body xmlns='http://jabber.org/protocol/httpbind' rid='1' sid='2'><auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/></body>`,
		`<body xmlns='http://jabber.org/protocol/httpbind'><presence><x/></presence><auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'></auth> </body>`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		var found []stanza.Element
		if e, err := stanza.Parse(document); err == nil && e.Anonymous() {
			found = append(found, e)
		}
		if b, err := stanza.ParseBody(document); err == nil {
			found = append(found, b.Children...)
		}
		for _, e := range found {
			if e.Anonymous() {
				checkRewrite(t, document, e)
			}
		}
	})
}

const ticket = "dXQtVElDS0VU"

func checkRewrite(t *testing.T, document []byte, e stanza.Element) {
	before := bytes.Clone(document)
	after, err := e.WithText(ticket)
	if !bytes.Equal(before, document) {
		t.Fatalf("the document itself was changed: %q", document)
	}
	if err != nil {
		return
	}
	was, is := tokens(t, document), tokens(t, after)
	if len(was) != len(is) {
		t.Fatalf("%q became %q", document, after)
	}
	changed := 0
	for i := range was {
		if was[i] == is[i] {
			continue
		}
		if changed++; is[i] != ticket {
			t.Fatalf("%q became %q: %q is %q", document, after, was[i], is[i])
		}
	}
	if changed > 1 {
		t.Fatalf("%q became %q", document, after)
	}
	// And byte for byte around it.
	at := bytes.Index(after, []byte(ticket))
	if at < 2 || !bytes.HasPrefix(document, bytes.TrimSuffix(after[:at], []byte(">"))) {
		t.Fatalf("%q became %q: another beginning", document, after)
	}
	rest := after[at+len(ticket):]
	end := rest[bytes.IndexByte(rest, '>')+1:]
	if !bytes.HasSuffix(document, end) {
		t.Fatalf("%q became %q: another end", document, after)
	}
}

// tokens is the document for comparison: a text for each start tag, text and
// end tag, and an empty text where a tag is followed by none.
func tokens(t *testing.T, document []byte) (list []string) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(document))
	text := ""
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return append(list, text)
		}
		switch v := token.(type) {
		case nil:
			t.Fatalf("%q cannot be read: %v", document, err)
		case xml.CharData:
			text += string(v)
			continue
		case xml.StartElement:
			list = append(list, text, "<"+v.Name.Space+" "+v.Name.Local)
			for _, a := range v.Attr {
				list = append(list, a.Name.Space+" "+a.Name.Local+"="+a.Value)
			}
		case xml.EndElement:
			list = append(list, text, ">"+v.Name.Space+" "+v.Name.Local)
		}
		text = ""
	}
}

// FuzzJoin holds: it never panics, and what it finds is an account of a room.
func FuzzJoin(f *testing.F) {
	f.Add([]byte(`<presence to="a@b/n"><x xmlns="http://jabber.org/protocol/muc"/></presence>`))
	f.Fuzz(func(t *testing.T, message []byte) {
		room, ok := stanza.Join(message)
		if ok != (room != "") || ok && !bytes.ContainsRune([]byte(room), '@') || slices.Contains([]byte(room), '/') {
			t.Errorf("%q joins %q, %v", message, room, ok)
		}
	})
}

// FuzzSystemMessage holds: whatever a room is to tell a client is one element, addressed as was meant, and its text is what
// was said, as far as JSON and XML can say it.
func FuzzSystemMessage(f *testing.F) {
	f.Add("one@c", "u@h/r", "Bob waits:\nhttps://c/enter#s")
	f.Add(`a"'<&>@c`, "]]>", "\x00\xff\u2028</json-message>\ufffe")
	f.Fuzz(func(t *testing.T, room, to, text string) {
		var m struct {
			XMLName xml.Name
			From    string `xml:"from,attr"`
			To      string `xml:"to,attr"`
			JSON    string `xml:"http://jitsi.org/jitmeet json-message"`
		}
		written := stanza.SystemMessage(room, to, "Lobby", text)
		if _, err := stanza.Parse([]byte(written)); err != nil {
			t.Fatalf("%q: %v", written, err)
		}
		if err := xml.Unmarshal([]byte(written), &m); err != nil || m.XMLName.Local != "message" {
			t.Fatalf("%q: %v", written, err)
		}
		var said struct{ Type, Message string }
		if err := json.Unmarshal([]byte(m.JSON), &said); err != nil || said.Type != "system_chat_message" {
			t.Fatalf("%q: %v", written, err)
		}
		if plain(text) && said.Message != text || plain(room) && m.From != room || plain(to) && m.To != to {
			t.Fatalf("%q, %q, %q became %q", room, to, text, written)
		}
	})
}

// plain reports whether a text has nothing that XML has no place for, or another spelling.
func plain(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' || r >= 0x7f && r < 0xa0 || r == utf8.RuneError || r&0xfffe == 0xfffe || r == 0x2028 || r == 0x2029
	})
}
