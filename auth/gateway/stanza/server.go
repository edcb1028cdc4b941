package stanza

import (
	"bytes"
	"encoding/xml"
	"strings"
)

const (
	namespaceBind    = "urn:ietf:params:xml:ns:xmpp-bind"
	namespaceStanzas = "urn:ietf:params:xml:ns:xmpp-stanzas"
	namespaceMUCUser = NamespaceMUC + "#user"
)

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

// A Notice is a message of usher's component for one occupant of a room.
type Notice struct {
	Room string // bare JID, as the component knows it
	Nick string // of the occupant
	Text string // for people
}

// Notice returns what a message says that is one.
func (e Element) Notice() (n Notice, ok bool) {
	if e.Name.Local != "message" {
		return Notice{}, false
	}
	err := e.each(func(path []xml.Name, text []byte) {
		if len(path) == 2 && path[1].Local == "body" {
			n.Text += string(text)
		}
	}, func(path []xml.Name, attr []xml.Attr) {
		if len(path) == 2 && path[1] == (xml.Name{Space: NamespaceNotice, Local: "notice"}) {
			tag := Element{Attr: attr}
			n.Room, n.Nick, ok = tag.Attribute("room"), tag.Attribute("nick"), true
		}
	})
	return n, ok && err == nil && n.Text != ""
}

// Addressee returns the bare JID of the account that a stanza of the server goes
// to, if the stanza names it whole, with the resource: then that account has
// logged in on the stream.
func (e Element) Addressee() (account string, ok bool) {
	account, resource, _ := strings.Cut(e.Attribute("to"), "/")
	local, domain, _ := strings.Cut(account, "@")
	if e.Name.Space != NamespaceClient || !e.stanza() || local == "" || domain == "" || resource == "" {
		return "", false
	}
	return account, true
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
