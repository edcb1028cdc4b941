package stanza

import (
	"bytes"
	"encoding/xml"
	"strings"
)

// A Step is what an element of a client means before the login.
type Step int

// The steps that there are. Everything else is StepOther.
const (
	StepOther    Step = iota
	StepOpen          // the beginning of the stream (RFC 7395 section 3.4)
	StepClose         // its end (RFC 7395 section 3.6)
	StepAuth          // a login (RFC 6120 section 6.4.2)
	StepResponse      // more of a login that is under way (section 6.4.3)
	StepAbort         // the end of one (section 6.4.4)
)

// Step names the element by its whole name. One that holds elements is none of
// them: they hold text, or nothing.
func (e Element) Step() Step {
	if e.children {
		return StepOther
	}
	switch e.Name {
	case xml.Name{Space: NamespaceFraming, Local: "open"}:
		return StepOpen
	case xml.Name{Space: NamespaceFraming, Local: "close"}:
		return StepClose
	case xml.Name{Space: NamespaceSASL, Local: "auth"}:
		return StepAuth
	case xml.Name{Space: NamespaceSASL, Local: "response"}:
		return StepResponse
	case xml.Name{Space: NamespaceSASL, Local: "abort"}:
		return StepAbort
	}
	return StepOther
}

// Login reports whether an element begins a login, and with which mechanism:
// SASL's auth (RFC 6120 section 6.4.2), or authenticate of XEP-0388. Elements
// of these names in other namespaces count as well, so that nothing that
// Prosody might take for a login is missed.
func (e Element) Login() (mechanism string, ok bool) {
	if e.Name.Local == "auth" || e.Name.Local == "authenticate" {
		return e.Attribute("mechanism"), true
	}
	return "", false
}

// Stream reports whether an element is a stream as RFC 6120 has it. Prosody's
// mod_websocket accepts one, though RFC 7395 has none, and reads what it holds as
// elements of the stream: a login in it counts.
func (e Element) Stream() bool { return e.Name.Local == "stream" }

// Anonymous reports whether an element is what a gateway may give a ticket to:
// SASL's auth with the mechanism ANONYMOUS (RFC 4505).
func (e Element) Anonymous() bool {
	return e.Is(NamespaceSASL, "auth") && e.Attribute("mechanism") == "ANONYMOUS"
}

// Plain reports whether an element of a client is a message, a presence, an
// answer, a ping, a question about features (XEP-0030) or a step of a call
// (XEP-0166), and has no from. To a server none of them means
// anything before a login, and its answer to one goes to no address but the
// stream's own: Prosody answers an unknown client at the address in from.
func (e Element) Plain() bool {
	if !e.stanza() || e.Attribute("from") != "" {
		return false
	}
	if e.Name.Local != "iq" {
		return true
	}
	switch e.Attribute("type") {
	case "result", "error":
		return true
	case "get":
		return e.holds("urn:xmpp:ping", "ping") ||
			e.holds(namespaceDisco+"#info", "query") || e.holds(namespaceDisco+"#items", "query")
	case "set":
		return e.holds("urn:xmpp:jingle:1", "jingle")
	}
	return false
}

const namespaceDisco = "http://jabber.org/protocol/disco"

// stanza reports whether it is one of RFC 6120 section 8. Within a body of BOSH
// the body's namespace counts as the stanza's: Prosody reads it so.
func (e Element) stanza() bool {
	if e.Name.Space != NamespaceClient && e.Name.Space != NamespaceBOSH {
		return false
	}
	return e.Name.Local == "message" || e.Name.Local == "presence" || e.Name.Local == "iq"
}

// holds reports whether the element has one child, and it is this.
func (e Element) holds(namespace, name string) bool {
	_, inside, err := scan(e.document[e.start:e.end], true)
	return err == nil && len(inside) == 1 && inside[0].Is(namespace, name)
}

// Join reports whether a message asks to enter a room (XEP-0045 section
// 7.2.1), and which: its bare JID, as the client writes it. The message may be
// the beginning of a longer one.
func Join(message []byte) (room string, ok bool) {
	if !bytes.HasPrefix(message, []byte("<presence")) || !bytes.Contains(message, []byte(NamespaceMUC)) {
		return "", false
	}
	d := xml.NewDecoder(bytes.NewReader(message))
	token, err := d.Token()
	if err != nil {
		return "", false
	}
	tag, isTag := token.(xml.StartElement)
	if !isTag {
		return "", false
	}
	if room, ok = addressed(tag); !ok || !entersRoom(d) {
		return "", false
	}
	return room, true
}

// Join is [Join] for an element that was read already.
func (e Element) Join() (room string, ok bool) { return Join(e.document[e.start:e.end]) }

// addressed finds the room of a presence that is neither an error nor a leave.
func addressed(tag xml.StartElement) (room string, ok bool) {
	e := Element{Name: tag.Name, Attr: tag.Attr}
	room, nick, found := strings.Cut(e.Attribute("to"), "/")
	if e.Name.Local != "presence" || e.Attribute("type") != "" || !found || nick == "" || !strings.Contains(room, "@") {
		return "", false
	}
	return room, true
}

// entersRoom looks for <x/> right under the presence whose start tag was read.
func entersRoom(d *xml.Decoder) bool {
	depth := 0
	for {
		token, err := d.Token()
		if err != nil {
			return false
		}
		switch t := token.(type) {
		case xml.StartElement:
			if depth == 0 && t.Name == (xml.Name{Space: NamespaceMUC, Local: "x"}) {
				return true
			}
			depth++
		case xml.EndElement:
			depth--
		}
	}
}
