package stanza

import (
	"bytes"
	"encoding/xml"
	"errors"
	"strings"
)

var errNotBody = errors.New("it is no body of BOSH")

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

// LoggedIn reports whether an element of the server says that the login
// succeeded.
func (e Element) LoggedIn() bool {
	return e.Is(NamespaceSASL, "success") || e.Is("urn:xmpp:sasl:2", "success")
}

// Resumption returns the identifier by which the stream can be resumed, if the
// element of the server is the one that tells it (XEP-0198 section 3).
func (e Element) Resumption() (id string, ok bool) {
	if !e.Is(namespaceSM, "enabled") {
		return "", false
	}
	resume := e.Attribute("resume")
	id = e.Attribute("id")
	return id, id != "" && (resume == "true" || resume == "1")
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
