package swap

import (
	"encoding/xml"
	"strings"

	"usher/auth/gateway/stanza"
)

// A Kind is which of the three stanzas is refused (RFC 6120 section 8).
type Kind byte

// The kinds.
const (
	IQ Kind = iota + 1
	Presence
	Message
)

var kinds = map[Kind]string{IQ: "iq", Presence: "presence", Message: "message"}

// A Refused is a stanza of a client that does not go on to Prosody.
type Refused struct {
	Code   Code
	Kind   Kind
	To, ID string // as the client wrote them
}

// Refuse describes the refusal of an element of a client. What has no answer in XMPP
// (an answer itself, an error, a presence that leaves), and what is no stanza, is
// not answered: [Silence] goes on in its place.
func Refuse(e stanza.Element, c Code) (r Refused, answered bool) {
	kind, is := kindOf(e)
	if !is {
		return Refused{}, false
	}
	return Refused{Code: c, Kind: kind, To: e.Attribute("to"), ID: e.Attribute("id")}, true
}

func kindOf(e stanza.Element) (Kind, bool) {
	if e.Name.Space != stanza.NamespaceClient && e.Name.Space != stanza.NamespaceBOSH {
		return 0, false
	}
	of := e.Attribute("type")
	switch e.Name.Local {
	case "iq":
		return IQ, of == "get" || of == "set"
	case "presence":
		return Presence, of != "error" && of != "unavailable"
	case "message":
		return Message, of != "error"
	}
	return 0, false
}

// Answer is what the client gets, on the stream of its full JID. Jitsi's client finds
// its room by from, and its own host by to.
func (r Refused) Answer(fullJID string) []byte {
	told := r.Code.lookUp()
	name := kinds[r.Kind]
	var b strings.Builder
	b.WriteString(`<` + name + ` xmlns="` + stanza.NamespaceClient + `" type="error"`)
	for _, a := range [][2]string{{"from", r.To}, {"to", fullJID}, {"id", r.ID}} {
		writeAttribute(&b, a[0], a[1])
	}
	b.WriteString(`><error type="` + told.kind + `"><` + told.condition + ` ` + namespaceStanzas + `/>`)
	b.WriteString(`<text ` + namespaceStanzas + `>` + told.text + `</text>`)
	if told.login {
		b.WriteString(`<authentication-required xmlns="http://jitsi.org/jitmeet"/>`)
	}
	b.WriteString(`</error></` + name + `>`)
	return []byte(b.String())
}

const namespaceStanzas = `xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"`

// Silence goes on to Prosody in the place of what has no answer: Prosody counts it,
// and says nothing to a result that nothing waits for.
func Silence(host string) []byte {
	var b strings.Builder
	b.WriteString(`<iq xmlns="` + stanza.NamespaceClient + `" type="result"`)
	writeAttribute(&b, "to", host)
	b.WriteString(`/>`)
	return []byte(b.String())
}

// writeAttribute writes an attribute, unless its value is empty.
func writeAttribute(b *strings.Builder, name, value string) {
	if value == "" {
		return
	}
	b.WriteString(` ` + name + `="`)
	_ = xml.EscapeText(b, []byte(value)) // a Builder never fails
	b.WriteString(`"`)
}
