package stanza_test

import (
	"fmt"
	"strings"
	"testing"

	"usher/auth/gateway/stanza"
)

const sasl = `xmlns="urn:ietf:params:xml:ns:xmpp-sasl"`

func TestTicketTakesItsPlace(t *testing.T) {
	for in, want := range map[string]string{
		`<auth ` + sasl + ` mechanism="ANONYMOUS"/>`:                                 `<auth ` + sasl + ` mechanism="ANONYMOUS">dHJhY2U=</auth>`,
		`<auth mechanism='ANONYMOUS'   ` + sasl + ` />`:                              `<auth mechanism='ANONYMOUS'   ` + sasl + ` >dHJhY2U=</auth>`,
		`<auth ` + sasl + ` mechanism="ANONYMOUS"></auth>`:                           `<auth ` + sasl + ` mechanism="ANONYMOUS">dHJhY2U=</auth>`,
		`<auth ` + sasl + ` mechanism="ANONYMOUS">=</auth >`:                         `<auth ` + sasl + ` mechanism="ANONYMOUS">dHJhY2U=</auth >`,
		`<auth ` + sasl + ` mechanism="ANONYMOUS">c29tZWJvZHk=</auth>` + " \n":       `<auth ` + sasl + ` mechanism="ANONYMOUS">dHJhY2U=</auth>` + " \n",
		`<s:auth xmlns:s="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="ANONYMOUS"/>`: `<s:auth xmlns:s="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="ANONYMOUS">dHJhY2U=</s:auth>`,
		`<auth ` + sasl + ` mechanism="ANONY&#77;OUS" x="a/>b"/>`:                    `<auth ` + sasl + ` mechanism="ANONY&#77;OUS" x="a/>b">dHJhY2U=</auth>`,
	} {
		e, err := stanza.Parse([]byte(in))
		if err != nil || !e.Anonymous() {
			t.Errorf("%s: anonymous %v, %v", in, e.Anonymous(), err)
			continue
		}
		got, err := e.WithText("dHJhY2U=")
		if err != nil || string(got) != want {
			t.Errorf("%s\n became %s, %v\n want   %s", in, got, err, want)
		}
	}
}

func TestWithinABody(t *testing.T) {
	const in = `<body xmlns='http://jabber.org/protocol/httpbind' rid='7' sid='a&amp;b'> <auth ` + sasl + ` mechanism='ANONYMOUS'/><x/></body>`
	b, err := stanza.ParseBody([]byte(in))
	if err != nil || len(b.Children) != 2 || b.Attribute("sid") != "a&b" || b.Attribute("rid") != "7" {
		t.Fatalf("%+v, %v", b, err)
	}
	got, err := b.Children[0].WithText("dA==")
	if want := strings.Replace(in, `'ANONYMOUS'/>`, `'ANONYMOUS'>dA==</auth>`, 1); string(got) != want || err != nil {
		t.Errorf("became %s, %v\n want  %s", got, err, want)
	}
}

// TestNoElement holds what one parser might see and another not.
func TestNoElement(t *testing.T) {
	for name, in := range map[string]string{
		"nothing":                "",
		"text":                   "auth",
		"space before":           ` <auth ` + sasl + ` mechanism="ANONYMOUS"/>`,
		"byte order mark":        "\ufeff<auth " + sasl + "/>",
		"UTF-16":                 "<\x00a\x00/\x00>\x00",
		"two":                    `<open/><auth ` + sasl + ` mechanism="ANONYMOUS"/>`,
		"text after":             `<open/>x`,
		"cut":                    `<auth ` + sasl + ` mechanism="ANONYMOUS">`,
		"cut tag":                `<auth ` + sasl + ` mechanism="ANON`,
		"prefix of nothing":      `<auth ` + sasl + ` xmlns:m="" m:mechanism="ANONYMOUS"/>`,
		"comment before":         `<!-- --><auth ` + sasl + ` mechanism="ANONYMOUS"/>`,
		"comment in it":          `<auth ` + sasl + ` mechanism="ANONYMOUS"><!-- --></auth>`,
		"processing instruction": `<?xml version="1.0"?><auth ` + sasl + ` mechanism="ANONYMOUS"/>`,
		"declaration":            `<!DOCTYPE a [<!ENTITY m "ANONYMOUS">]><auth ` + sasl + ` mechanism="&m;"/>`,
		"unknown entity":         `<auth ` + sasl + ` mechanism="&m;"/>`,
		"doubled attribute":      `<auth ` + sasl + ` mechanism="PLAIN" mechanism="ANONYMOUS"/>`,
		"crossed":                `<a><b></a></b>`,
		"no UTF-8":               "<auth mechanism=\"\xff\"/>",
		"unquoted":               `<auth mechanism=ANONYMOUS/>`,
		"many attributes":        `<auth` + attributes(65) + `/>`,
		"many in a child":        `<a><auth` + attributes(65) + `/></a>`,
	} {
		if e, err := stanza.Parse([]byte(in)); err == nil {
			t.Errorf("%s: read as %v", name, e)
		}
	}
}

// attributes are so many different ones.
func attributes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ` a%d=""`, i)
	}
	return b.String()
}

func TestBodyTag(t *testing.T) {
	const tag = `<body xmlns='http://jabber.org/protocol/httpbind' sid='a&lt;b'>`
	for name, in := range map[string]string{
		"alone": tag, "closed": tag + "</body>", "self-closing": strings.TrimSuffix(tag, ">") + "/>", "with anything in it": tag + "<a <b",
		"in a long document": tag + strings.Repeat("<a>", 1_000_000), "as many attributes as may be": strings.TrimSuffix(tag, ">") + attributes(62) + ">",
	} {
		if e, err := stanza.ParseBodyTag([]byte(in)); err != nil || e.Attribute("sid") != "a<b" {
			t.Errorf("%s: sid is %q, %v", name, e.Attribute("sid"), err)
		}
	}
	for name, in := range map[string]string{
		"nothing": "", "space before": " " + tag, "text": "body", "another namespace": `<body/>`, "another name": `<bodies xmlns='http://jabber.org/protocol/httpbind'>`,
		"cut": tag[:20], "a comment": "<!-- -->" + tag, "a declaration": `<?xml version="1.0"?>` + tag, "CDATA": "<![CDATA[x]]>" + tag, "doubled": `<body xmlns='http://jabber.org/protocol/httpbind' sid='a' sid='b'>`,
		"many attributes": strings.TrimSuffix(tag, ">") + attributes(63) + ">", "a long one": strings.TrimSuffix(tag, ">") + " a='" + strings.Repeat("b", stanza.MaxTag) + "'>",
	} {
		if e, err := stanza.ParseBodyTag([]byte(in)); err == nil || e.Name.Local != "" {
			t.Errorf("%s: read as %v", name, e)
		}
	}
}

func TestChildrenAreNoText(t *testing.T) {
	for _, in := range []string{
		`<auth ` + sasl + ` mechanism="ANONYMOUS"><x/></auth>`,
		`<body xmlns='http://jabber.org/protocol/httpbind'><auth ` + sasl + ` mechanism='ANONYMOUS'><x/></auth></body>`,
	} {
		root, err := stanza.Parse([]byte(in))
		if err != nil {
			t.Fatal(err)
		}
		list := []stanza.Element{root}
		if b, err := stanza.ParseBody([]byte(in)); err == nil {
			list = b.Children
		}
		for _, e := range list {
			if got, err := e.WithText("x"); err == nil {
				t.Errorf("%s became %s", in, got)
			}
		}
	}
}

func TestLogin(t *testing.T) {
	for in, want := range map[string][3]any{
		`<auth ` + sasl + ` mechanism="ANONYMOUS"/>`:                    {"ANONYMOUS", true, true},
		`<auth ` + sasl + ` mechanism="anonymous"/>`:                    {"anonymous", true, false},
		`<auth mechanism="ANONYMOUS"/>`:                                 {"ANONYMOUS", true, false},
		`<auth ` + sasl + ` mechanism="PLAIN">AGEAYg==</auth>`:          {"PLAIN", true, false},
		`<authenticate xmlns="urn:xmpp:sasl:2" mechanism="ANONYMOUS"/>`: {"ANONYMOUS", true, false},
		`<response ` + sasl + `/>`:                                      {"", false, false},
		`<message><auth ` + sasl + ` mechanism="ANONYMOUS"/></message>`: {"", false, false},
		`<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="a"/>`:    {"", false, false},
		`<auth ` + sasl + ` xmlns:m="m" m:mechanism="ANONYMOUS"/>`:      {"", true, false},
	} {
		e, err := stanza.Parse([]byte(in))
		if err != nil {
			t.Fatal(err)
		}
		mechanism, login := e.Login()
		if got := [3]any{mechanism, login, e.Anonymous()}; got != want {
			t.Errorf("%s: %v, want %v", in, got, want)
		}
	}
}

func TestStream(t *testing.T) {
	for in, want := range map[string]bool{
		`<stream:stream xmlns:stream="http://etherx.jabber.org/streams" to="a"/>`: true,
		`<stream xmlns="http://etherx.jabber.org/streams"><auth/></stream>`:       true,
		`<open xmlns="urn:ietf:params:xml:ns:xmpp-framing"><stream/></open>`:      false,
		`<stream:error xmlns:stream="http://etherx.jabber.org/streams"/>`:         false,
	} {
		if e, err := stanza.Parse([]byte(in)); err != nil || e.Stream() != want {
			t.Errorf("%s: %v, %v", in, e.Stream(), err)
		}
	}
}

func TestJoin(t *testing.T) {
	const x = `<x xmlns="http://jabber.org/protocol/muc"/>`
	for in, want := range map[string]string{
		`<presence to="a@conference.b/nick">` + x + `</presence>`:                                                                                     "a@conference.b",
		`<presence xmlns='jabber:client' id='1' to='a%20b@c/n/m'><c/><x xmlns='http://jabber.org/protocol/muc'><password>p</password></x></presence>`: "a%20b@c",
		`<presence to="a@b/n"><show>away</show>` + x + `<nick>cut in the mid`:                                                                         "a@b",
		`<presence to="a@b/n"><c>` + x + `</c></presence>`:                                                                                            "",
		`<presence to="a@b/n" type="unavailable">` + x + `</presence>`:                                                                                "",
		`<presence to="a@b">` + x + `</presence>`:                                                                                                     "",
		`<presence to="b/n">` + x + `</presence>`:                                                                                                     "",
		`<presence>` + x + `</presence>`:                                                                                                              "",
		`<presence to="a@b/n"><x xmlns="http://jabber.org/protocol/muc#user"/></presence>`:                                                            "",
		`<presences to="a@b/n">` + x + `</presences>`:                                                                                                 "",
		`<message to="a@b/n">` + x + `</message>`:                                                                                                     "",
		`<presence to="a@b/n"><x xmlns="http://jabber.org/protocol/mu`:                                                                                "",
	} {
		if got, ok := stanza.Join([]byte(in)); got != want || ok != (want != "") {
			t.Errorf("%s: %q, %v; want %q", in, got, ok, want)
		}
	}
}

func TestServersElements(t *testing.T) {
	read := func(s string) stanza.Element {
		t.Helper()
		e, err := stanza.Parse([]byte(s))
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	if !read(`<success `+sasl+`/>`).LoggedIn() || read(`<success/>`).LoggedIn() || read(`<failure `+sasl+`/>`).LoggedIn() {
		t.Error("success is not told apart")
	}
	for in, want := range map[string]string{
		`<enabled xmlns="urn:xmpp:sm:3" id="abc" resume="true" max="600"/>`: "abc",
		`<enabled xmlns="urn:xmpp:sm:3" id="abc" resume="1"/>`:              "abc",
		`<enabled xmlns="urn:xmpp:sm:3" id="abc"/>`:                         "",
		`<enabled xmlns="urn:xmpp:sm:3" resume="true"/>`:                    "",
		`<enabled id="abc" resume="true"/>`:                                 "",
	} {
		if id, ok := read(in).Resumption(); ok != (want != "") || ok && id != want {
			t.Errorf("%s: %q, %v", in, id, ok)
		}
	}
}

func TestWhatIsWritten(t *testing.T) {
	for _, s := range []string{
		stanza.Close, stanza.Failure("not-authorized", "a <b> & c"), stanza.StreamError("policy-violation", `"'<`),
		stanza.WriteBody(stanza.Failure("not-authorized", "x")), stanza.Terminate("s'\"<", "1", "bad-request"),
	} {
		if _, err := stanza.Parse([]byte(s)); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
	b, err := stanza.ParseBody([]byte(stanza.Terminate(`s'"<&`, "12", "")))
	if err != nil || b.Attribute("sid") != `s'"<&` || b.Attribute("rid") != "12" || b.Attribute("type") != "terminate" {
		t.Errorf("%+v, %v", b, err)
	}
}

// TestPrefixesOfOthers: a prefix that the document does not declare may be declared for Prosody, and what looks like a
// declaration may be none.
func TestPrefixesOfOthers(t *testing.T) {
	const client = `<presence xmlns="jabber:client" to="r@c/n">`
	for in, readable := range map[string]bool{
		client + `<x/></presence>`: true,
		client + `<m:x xmlns:m="http://jabber.org/protocol/muc"/></presence>`:    true,
		client + `<x xml:lang="en" y:z="1" xmlns:y="u"/></presence>`:             true,
		client + `<ns1:x/></presence>`:                                           false,
		client + `<a><b><ns1:x></ns1:x></b></a></presence>`:                      false,
		client + `<:x/></presence>`:                                              false,
		client + `<xmlns:x/></presence>`:                                         false,
		client + `<x xmlns:p="xmlns" p:ns1="u"/></presence>`:                     false,
		`<ns1:presence to="r@c/n"/>`:                                             false,
		`<p:presence xmlns:p="xmlns" p:m="u" xmlns:m="jabber:client"/>`:          false,
		`<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" xmlns:q="u" q:a=""/>`: true,
	} {
		if _, err := stanza.Parse([]byte(in)); (err == nil) != readable {
			t.Errorf("%s: %v", in, err)
		}
		within := `<body xmlns="http://jabber.org/protocol/httpbind" xmlns:m="http://jabber.org/protocol/muc">` + in + `</body>`
		if _, err := stanza.ParseBody([]byte(within)); (err == nil) != readable {
			t.Errorf("%s: %v", within, err)
		}
	}
}

// TestAttributesAsProsodyReadsThem: a tab or a line break in a value is a space, unless it is a reference; no namespace has one.
func TestAttributesAsProsodyReadsThem(t *testing.T) {
	for written, want := range map[string]string{
		"'a\tb'": "a b", "\"a\r\nb\rc\nd\"": "a b c d", "'a&#9;&#xA;b'": "a\t\nb", "'\t&lt;&#65;\"'": " <A\"", "'a b'": "a b",
	} {
		document := "<body xmlns='" + stanza.NamespaceBOSH + "' x = '=&quot;' to\n=" + written + " id='i'><iq to=" + written + "/></body>"
		tag, err := stanza.ParseBodyTag([]byte(document))
		if err != nil || tag.Attribute("to") != want || tag.Attribute("id") != "i" {
			t.Errorf("%q: the tag's is %q, %v", written, tag.Attribute("to"), err)
		}
		body, err := stanza.ParseBody([]byte(document))
		if err != nil || body.Attribute("to") != want || body.Children[0].Attribute("to") != want {
			t.Errorf("%q: the body's is %q, %v", written, body.Attribute("to"), err)
		}
	}
	for _, namespace := range []string{"a\tb", "a b", "a\r\n", "a&#10;", "a&lt;", "a'", "a>"} {
		for _, declared := range []string{"xmlns", "xmlns:p"} {
			if e, err := stanza.Parse([]byte("<iq xmlns='jabber:client'><a " + declared + "=\"" + namespace + "\"/></iq>")); err == nil {
				t.Errorf("%q is read as %v", namespace, e)
			}
		}
	}
}
