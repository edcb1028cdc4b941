package parsed

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"usher/auth/gateway/stanza"
)

// A generator writes documents that are mostly what a client says, and odd in some places.
type generator struct {
	*rand.Rand
	b strings.Builder

	// around is a prefix that what is around an element declares, or seems to, and for what.
	around struct{ prefix, space string }
}

func newGenerator(seed uint64) *generator { return &generator{Rand: rand.New(rand.NewPCG(seed, 14))} }

// one reports true for one of n.
func (g *generator) one(n int) bool { return g.IntN(n) == 0 }

func pick[T any](g *generator, list ...T) T { return list[g.IntN(len(list))] }

func (g *generator) taken() []byte {
	text := g.b.String()
	g.b.Reset()
	return g.broken([]byte(text))
}

var namespaces = []string{
	stanza.NamespaceClient, stanza.NamespaceMUC, focus, stanza.NamespaceBOSH, stanza.NamespaceFraming,
	"jabber:server", "",
	"urn:xmpp:sm:3", "http://etherx.jabber.org/streams", "u", "xmlns", namespaceXML, "http://www.w3.org/2000/xmlns/",
	"JABBER:CLIENT", "jabber:client ", stanza.NamespaceMUC + "#user", "urn:ietf:params:xml:ns:xmpp-bind",
}

// Opening writes how a stream begins.
func (g *generator) opening() []byte {
	g.b.WriteString(`<open xmlns="` + stanza.NamespaceFraming + `" to="` + host + `" version="1.0"`)
	if g.one(6) {
		g.declareAround()
		g.attribute(g.around.prefix + ":" + pick(g, "a", "x"))
	}
	for g.one(4) {
		g.declaration()
		if g.one(2) {
			g.attribute(pick(g, "p:", "q:", "ns1:", "xml:", "") + pick(g, "a", "lang", "x", "xmlns"))
		}
	}
	g.b.WriteString(`/>`)
	return g.taken()
}

// document writes one message.
func (g *generator) document(way Way) []byte {
	if way == WebSocket {
		g.junk(40)
		g.stanza(stanza.NamespaceClient)
		g.junk(40)
		return g.taken()
	}
	if g.one(8) {
		g.b.WriteString(`<b:body xmlns:b="` + stanza.NamespaceBOSH + `"`)
		g.bodyTag()
		g.content()
		g.b.WriteString(`</b:body>`)
		return g.taken()
	}
	g.b.WriteString(`<body xmlns="` + stanza.NamespaceBOSH + `"`)
	g.bodyTag()
	g.content()
	g.b.WriteString(`</body>`)
	return g.taken()
}

func (g *generator) bodyTag() {
	for _, a := range []string{"sid", "rid"} {
		g.space()
		g.b.WriteString(a + `="` + map[string]string{"sid": "s", "rid": "2"}[a] + `"`)
		if g.one(30) {
			g.attribute(pick(g, "sid", "rid", "p:sid", "type", "to", "xml:lang", "key"))
		}
	}
	if g.one(4) {
		g.declareAround()
		if g.one(3) {
			g.b.WriteString(` xmlns:o="` + pick(g, "xmlns", "u", "") + `" o:` + g.around.prefix + `="u"`)
		}
	}
	for g.one(5) {
		g.declaration()
	}
	g.b.WriteString(`>`)
}

func (g *generator) declareAround() {
	g.around.prefix, g.around.space = pick(g, "p", "q", "ns1"), pick(g, stanza.NamespaceMUC, focus,
		stanza.NamespaceClient)
	g.b.WriteString(` xmlns:` + g.around.prefix + `="` + g.spelled(g.around.space) + `"`)
}

func (g *generator) content() {
	for range g.IntN(4) {
		g.junk(60)
		g.stanza(pick(g, stanza.NamespaceClient, stanza.NamespaceClient, stanza.NamespaceBOSH, ""))
	}
	g.junk(60)
}

// stanza writes one, mostly in a namespace; empty: in that around it.
func (g *generator) stanza(space string) {
	name := pick(g, "presence", "presence", "iq", "message", "presence")
	if g.one(40) {
		name = pick(g, "close", "open", "a", "r", "enable", "stream", "body", "Presence", "x")
		space = pick(g, namespaces...)
	}
	if g.one(60) {
		name, space = "close", stanza.NamespaceFraming
	}
	inside := func() {
		for range g.IntN(3) {
			g.inside(2)
		}
	}
	if name == "iq" && !g.one(4) {
		inside = func() { g.element("conference", focus, func() { g.inside(1) }, "room", "token") }
	}
	if name == "presence" && !g.one(4) {
		inside = func() {
			if g.one(200) {
				g.b.WriteString(strings.Repeat("<a/>", 4090+g.IntN(10)))
			}
			g.inside(5)
			g.element("x", stanza.NamespaceMUC, func() {})
			g.inside(5)
		}
	}
	g.element(name, space, inside, "to", "type", "id", "from")
}

// inside writes whatever may be in a stanza, one in n times.
func (g *generator) inside(n int) {
	if !g.one(n) {
		return
	}
	g.text()
	g.element(pick(g, "x", "conference", "presence", "query", "ping", "bind", "status"), pick(g, namespaces...),
		func() { g.inside(3) }, "to", "type", "room", "code")
	g.text()
}

// element writes one. Its namespace is declared in it, here by a prefix, there as the default.
func (g *generator) element(name, space string, inside func(), attributes ...string) {
	if g.one(20) {
		space = pick(g, namespaces...)
	}
	written, declared := name, ` xmlns="`+g.spelled(space)+`"`
	switch {
	case space == g.around.space && space != "" && !g.one(3):
		written, declared = pick(g, g.around.prefix, "ns1")+":"+name, ""
	case space == "" && !g.one(3), g.one(15):
		declared = ""
	case g.one(4):
		p := pick(g, "p", "q", "ns1", "xml", "xmlns", "é")
		written, declared = p+":"+name, ` xmlns:`+p+`="`+g.spelled(space)+`"`
	}
	g.b.WriteString("<" + written)
	later := g.one(3)
	if !later {
		g.b.WriteString(declared)
	}
	for _, a := range attributes {
		if !g.one(3) {
			g.attribute(a)
		}
		if g.one(60) {
			g.attribute(pick(g, "p:", "q:", "xml:", ":", "xmlns:", "") + a)
		}
	}
	if later {
		g.b.WriteString(declared)
	}
	if g.one(20) {
		g.declaration()
	}
	if g.one(6) {
		g.b.WriteString(pick(g, "/>", " />", "\n/>", "/ >"))
		return
	}
	g.b.WriteString(pick(g, ">", ">", ">", " >", "\r\n>"))
	g.text()
	inside()
	g.text()
	g.b.WriteString("</" + written + pick(g, ">", ">", ">", " >", "\t>"))
}

func (g *generator) declaration() {
	g.space()
	g.b.WriteString(pick(g, "xmlns", "xmlns:p", "xmlns:q", "xmlns:ns1", "xmlns:xml", "xmlns:xmlns",
		"xmlns:é") + `="` + g.spelled(pick(g, namespaces...)) + `"`)
}

var values = []string{
	"a@conference." + host + "/n", "b@conference." + host + "/n", "a@conference." + host, "b@conference." + host + "/",
	"", "unavailable", "error", "set", "set", "get", "result", "subscribe", "probe", "110", "1", host, "focus." + host,
	"b@conference." + host + "/\n", "\tunavailable", "unavailable ", "s", "2", "b@conference." + host + "/é\u00ad",
}

func (g *generator) attribute(name string) {
	g.space()
	value := pick(g, values...)
	switch name {
	case "to", "room":
		value = values[g.IntN(4)]
	case "type":
		if value = ""; g.one(2) {
			value = pick(g, "set", "get", "unavailable", "error", "probe", "subscribed")
		}
	}
	quote := pick(g, `"`, `"`, `'`)
	g.b.WriteString(name + pick(g, "=", "=", " = ", "\n=") + quote + g.spelled(value) + quote)
}

func (g *generator) space() { g.b.WriteString(pick(g, " ", " ", " ", "\n", "\t", "\r\n", "  ")) }

// spelled writes a value, some letters of it as a reference or beside what a parser drops or replaces.
func (g *generator) spelled(value string) string {
	if !g.one(10) {
		return value
	}
	var b strings.Builder
	for _, c := range value {
		switch g.IntN(12) {
		case 0:
			fmt.Fprintf(&b, pick(g, "&#%d;", "&#x%x;", "&#x0%X;", "&#x%x;"), c)
		case 1:
			b.WriteString(pick(g, "\t", "\n", "\r", "\r\n", " ", "&#9;", "&#10;", "&#13;", "&amp;", "&quot;", "&apos;",
				"&lt;", ">") + string(c))
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

func (g *generator) text() {
	if g.one(8) {
		g.b.WriteString(pick(g, "\n  ", "text", "&amp;&#65;", "<![CDATA[<x/>]]>", "a\r\nb\rc", "é", "]]",
			"<![CDATA[]]>", "\u2028", "🚀"))
	}
	g.junk(150)
}

// junk is what ends a stream, or ought to, one in n times.
func (g *generator) junk(n int) {
	if g.one(n) {
		g.b.WriteString(pick(g, " ", "\n", "text", "<!-- c -->", "<?p i?>", "<?xml version='1.0'?>",
			`<!DOCTYPE a [<!ENTITY e "x">]>`, "&e;",
			"\uFEFF", "\x00", "&#0;", "&#xD800;", "\xed\xa0\x80", "\xff", "\uFFFE", "&nbsp;", "]]>",
			"<![CDATA[<presence/>]]>",
			"<presence/>", "</a>", "<a>", "\x01", "\xc0\xbc", "\v", "&#1;", "&", "<![CDATA["))
	}
}

var pieces = []string{"<", ">", "/", `"`, "'", "=", ":", "xmlns", " ", "&", ";", "\n", "p:", "<x/>", "]]>",
	"<!--", "?"}

// broken changes some bytes of a few documents.
func (g *generator) broken(text []byte) []byte {
	for len(text) > 0 && g.one(20) {
		at := g.IntN(len(text))
		end := min(len(text), at+1+g.IntN(6))
		switch g.IntN(3) {
		case 0:
			text = append(text[:at:at], text[end:]...)
		case 1:
			text = append(text[:end:end], text[at:]...)
		default:
			text = append(append(text[:at:at], pick(g, pieces...)...), text[at:]...)
		}
	}
	return text
}
