package stanza_test

import (
	"encoding/xml"
	"strings"
	"testing"

	"usher/auth/gateway/stanza"
)

func body(t testing.TB, document string) stanza.Body {
	t.Helper()
	b, err := stanza.ParseBody([]byte(document))
	if err != nil {
		t.Fatalf("%s: %v", document, err)
	}
	return b
}

// An element inside has the namespaces that are declared around it, wherever they are.
func TestChildrenInheritNamespaces(t *testing.T) {
	b := body(t, `<body xmlns="http://jabber.org/protocol/httpbind" xmlns:m="http://jabber.org/protocol/muc" xmlns:c='jabber:client'>`+
		` <presence to="r@c/n"><m:x a="1"/><c:y/><z xmlns=""/></presence>`+
		`<c:iq xmlns:m="other"><m:x><m:deeper><m:deepest xmlns:m="last"/></m:deeper></m:x></c:iq><q/></body>`)
	names := func(e stanza.Element) (names []string) {
		children, err := e.Children()
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range children {
			names = append(names, c.Name.Space+" "+c.Name.Local+" "+string(c.Outer()))
		}
		return names
	}
	for i, want := range []string{
		`http://jabber.org/protocol/muc x <m:x a="1"/>, jabber:client y <c:y/>,  z <z xmlns=""/>`,
		`other x <m:x><m:deeper><m:deepest xmlns:m="last"/></m:deeper></m:x>`,
		``,
	} {
		if got := strings.Join(names(b.Children[i]), ", "); got != want {
			t.Errorf("child %d has %s, want %s", i, got, want)
		}
	}
	x, found := b.Children[1].Child("other", "x")
	deeper, again := x.Child("other", "deeper")
	if !found || !again || strings.Join(names(deeper), "") != `last deepest <m:deepest xmlns:m="last"/>` {
		t.Errorf("deeper: %v, %v, %v", found, again, names(deeper))
	}
	if _, found := b.Children[0].Child("other", "x"); found {
		t.Error("an element is found by another namespace")
	}
}

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		`<jid>u@h/r</jid>`:             "u@h/r",
		`<a/>`:                         "",
		`<a>1&lt;<b>2</b>3</a>`:        "1<3",
		`<a><![CDATA[<b>]]>&#x41;</a>`: "<b>A",
	} {
		e, err := stanza.Parse([]byte(in))
		if err != nil || e.Text() != want {
			t.Errorf("%s: %q, %v", in, e.Text(), err)
		}
	}
}

func TestWithAttribute(t *testing.T) {
	for in, want := range map[string]string{
		`<iq><c/></iq>`:                                `<iq><c token="&lt;n&#34;"/></iq>`,
		`<iq><c room='a' ></c></iq>`:                   `<iq><c token="&lt;n&#34;" room='a' ></c></iq>`,
		`<iq><c token="old"/></iq>`:                    `<iq><c token="&lt;n&#34;"/></iq>`,
		`<iq><c a="token='x'" token = "" b='>'/></iq>`: `<iq><c a="token='x'" token = "&lt;n&#34;" b='>'/></iq>`,
		`<iq><p:c xmlns:p="q" p:token='x'/></iq>`:      `<iq><p:c token="&lt;n&#34;" xmlns:p="q" p:token='x'/></iq>`,
	} {
		e, err := stanza.Parse([]byte(in))
		if err != nil {
			t.Fatal(err)
		}
		children, err := e.Children()
		if err != nil {
			t.Fatal(err)
		}
		if got := string(e.WithAttribute(children[0], "token", `<n"`)); got != want {
			t.Errorf("%s became %s, want %s", in, got, want)
		}
	}
	b := body(t, `<body xmlns="http://jabber.org/protocol/httpbind"><a/> <iq t="1"><c/></iq></body>`)
	if got := string(b.Children[1].WithAttribute(b.Children[1], "t", "2")); got != `<iq t="2"><c/></iq>` {
		t.Errorf("a child became %s", got)
	}
}

func TestRewrite(t *testing.T) {
	b := body(t, `<body xmlns='http://jabber.org/protocol/httpbind' rid='7' > <a/><p:b xmlns:p="q">x</p:b>`+"\n"+`<c/></body> `)
	for _, c := range []struct {
		with map[int]string
		want string
	}{
		{nil, `<body xmlns='http://jabber.org/protocol/httpbind' rid='7' > <a/><p:b xmlns:p="q">x</p:b>` + "\n" + `<c/></body> `},
		{map[int]string{1: "<n/>"}, `<body xmlns='http://jabber.org/protocol/httpbind' rid='7' > <a/><n/>` + "\n" + `<c/></body> `},
		{map[int]string{0: "", 2: "<n/>"}, `<body xmlns='http://jabber.org/protocol/httpbind' rid='7' > <p:b xmlns:p="q">x</p:b>` + "\n" + `<n/></body> `},
	} {
		with := map[int][]byte{}
		for i, s := range c.with {
			with[i] = []byte(s)
		}
		if got := string(b.Rewrite(with)); got != c.want {
			t.Errorf("%v: %s, want %s", c.with, got, c.want)
		}
	}
}

func TestTooManyChildren(t *testing.T) {
	of := func(n int) string {
		return `<body xmlns="http://jabber.org/protocol/httpbind">` + strings.Repeat("<a/>", n) + `</body>`
	}
	if b := body(t, of(stanza.MaxChildren)); len(b.Children) != stanza.MaxChildren {
		t.Errorf("%d children", len(b.Children))
	}
	if _, err := stanza.ParseBody([]byte(of(stanza.MaxChildren + 1))); err == nil {
		t.Error("more are listed")
	}
	e, err := stanza.Parse([]byte(of(stanza.MaxChildren + 1)))
	if err != nil {
		t.Fatal("elements that are not listed are counted")
	}
	if _, err := e.Children(); err == nil {
		t.Error("more are listed")
	}
}

// FuzzInside holds: what stands in a body is seen there as it is when the body is read
// alone, and only what is changed changes.
func FuzzInside(f *testing.F) {
	for _, s := range []string{
		`<body xmlns='http://jabber.org/protocol/httpbind' xmlns:m="m"><iq><m:c token="1" a='>'/></iq> <presence/></body>`,
		`<b:body xmlns:b='http://jabber.org/protocol/httpbind' xmlns="d"><b:iq xmlns:b="b"><b:c b:token="1"/><c xmlns=""/></b:iq></b:body>`,
		`<body xmlns='http://jabber.org/protocol/httpbind'><iq><c token='&lt;&#10;"' t = "="/>text<![CDATA[<]]></iq></body>`,
	} {
		f.Add([]byte(s))
	}
	f.Add([]byte(`<b:body xmlns:b='http://jabber.org/protocol/httpbind'><b:iq xmlns:b=""><A b:token=""/></b:iq></b:body>`))
	f.Fuzz(func(t *testing.T, document []byte) {
		b, err := stanza.ParseBody(document)
		if err != nil {
			return
		}
		for i, e := range b.Children {
			if got := b.Rewrite(map[int][]byte{i: e.Outer()}); string(got) != string(document) {
				t.Fatalf("%q became %q by itself", document, got)
			}
			inside, err := e.Children()
			if err != nil {
				continue
			}
			for _, c := range inside {
				changed := b.Rewrite(map[int][]byte{i: e.WithAttribute(c, "token", "n'\"<")})
				checkAttribute(t, document, changed, c.Name)
			}
		}
	})
}

// checkAttribute wants one start tag to have another token, and all else to be as it
// was.
func checkAttribute(t *testing.T, document, changed []byte, name xml.Name) {
	t.Helper()
	was, is := tokens(t, document), tokens(t, changed)
	const attribute = " token=n'\"<"
	set := 0
	for i, k := 0, 0; ; i, k = i+1, k+1 {
		if k < len(is) && is[k] == attribute && (i == len(was) || was[i] != attribute) {
			set++
		}
		switch {
		case set > 1:
			t.Fatalf("%q became %q: set %d times", document, changed, set)
		case i == len(was) && k == len(is):
			return
		case i == len(was) || k == len(is):
			t.Fatalf("%q became %q", document, changed)
		case was[i] == is[k]:
		case is[k] == attribute && strings.HasPrefix(was[i], " token="): // replaced
		case is[k] == attribute: // added
			i--
		default:
			t.Fatalf("%q became %q: %q is %q, in %v", document, changed, was[i], is[k], name)
		}
	}
}
