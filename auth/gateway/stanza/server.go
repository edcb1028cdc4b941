package stanza

import (
	"bytes"
	"encoding/xml"
)

const (
	namespaceBind    = "urn:ietf:params:xml:ns:xmpp-bind"
	namespaceStanzas = "urn:ietf:params:xml:ns:xmpp-stanzas"
	namespaceMUCUser = NamespaceMUC + "#user"
)

// BoundJID returns the full JID of a server's answer to a bind request (RFC 6120
// section 7.6.1), if it has one.
func (e Element) BoundJID() (jid string, ok bool) {
	if e.Attribute("type") != "result" {
		return "", false
	}
	err := e.each(func(path []xml.Name, text []byte) {
		if len(path) == 3 && path[1] == (xml.Name{Space: namespaceBind, Local: "bind"}) &&
			path[2] == (xml.Name{Space: namespaceBind, Local: "jid"}) {
			jid += string(text)
		}
	}, nil)
	return jid, err == nil && jid != ""
}

// SelfPresence reports whether a presence of a room is the client's own (status 110 of
// XEP-0045), and whether it says that the occupant goes on under another name (303).
func (e Element) SelfPresence() (own, renamed bool) {
	err := e.each(nil, func(path []xml.Name, attr []xml.Attr) {
		if len(path) != 3 || path[1] != (xml.Name{Space: namespaceMUCUser, Local: "x"}) ||
			path[2] != (xml.Name{Space: namespaceMUCUser, Local: "status"}) {
			return
		}
		switch (Element{Attr: attr}).Attribute("code") {
		case "110":
			own = true
		case "303":
			renamed = true
		}
	})
	return own && err == nil, renamed
}

// each reads the element once more, and tells of the text and of the start tags in it,
// with the names that lead there.
func (e Element) each(text func([]xml.Name, []byte), tag func([]xml.Name, []xml.Attr)) error {
	d := xml.NewDecoder(bytes.NewReader(e.Outer()))
	var path []xml.Name
	for {
		token, err := d.Token()
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if path = append(path, t.Name); tag != nil {
				tag(path, t.Attr)
			}
		case xml.CharData:
			if text != nil {
				text(path, t)
			}
		case xml.EndElement:
			if path = path[:len(path)-1]; len(path) == 0 {
				return nil
			}
		}
	}
}

// NotResumed says that a stream is not resumed (XEP-0198 section 5), in that version's
// namespace.
func NotResumed(namespace, condition string) string {
	return `<failed xmlns="` + escape(namespace) + `"><` + condition + ` xmlns="` + namespaceStanzas + `"/></failed>`
}

// ShownOut tells a client that it was taken out of a room (XEP-0045 section 8.2), as the
// room would.
func ShownOut(occupant, to, reason string) string {
	return `<presence xmlns="` + NamespaceClient + `" type="unavailable" from="` + escape(occupant) + `" to="` + escape(to) +
		`"><x xmlns="` + namespaceMUCUser + `"><item affiliation="none" role="none"><reason>` + escape(reason) +
		`</reason></item><status code="307"/><status code="110"/></x></presence>`
}

// Opened is how a server opens a stream over WebSocket (RFC 7395 section 3.4).
func Opened(host, id string) string {
	return `<open xmlns="` + NamespaceFraming + `" from="` + escape(host) + `" id="` + escape(id) + `" version="1.0"/>`
}

// OnlyAnonymous are the features of a stream whose client may log in with SASL ANONYMOUS.
func OnlyAnonymous() string {
	return `<stream:features xmlns:stream="http://etherx.jabber.org/streams"><mechanisms xmlns="` + NamespaceSASL +
		`"><mechanism>ANONYMOUS</mechanism></mechanisms></stream:features>`
}
