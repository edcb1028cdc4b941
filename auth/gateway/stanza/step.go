package stanza

import (
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
