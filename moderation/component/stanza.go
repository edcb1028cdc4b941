package component

import (
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// The namespaces of what is asked.
const (
	nsAdmin = "http://jabber.org/protocol/muc#admin"
	nsDisco = "http://jabber.org/protocol/disco#info"
	nsPing  = "urn:xmpp:ping"
	nsItems = "http://jabber.org/protocol/disco#items"
	nsAdHoc = "http://jabber.org/protocol/commands"
)

// An iq is a request or its answer (RFC 6120 section 8.2.3).
type iq struct {
	XMLName xml.Name     `xml:"iq"`
	Type    string       `xml:"type,attr"`
	ID      string       `xml:"id,attr"`
	From    string       `xml:"from,attr"`
	To      string       `xml:"to,attr"`
	Admin   *adminQuery  `xml:"http://jabber.org/protocol/muc#admin query"`
	Owner   *ownerQuery  `xml:"http://jabber.org/protocol/muc#owner query"`
	Disco   *discoQuery  `xml:"http://jabber.org/protocol/disco#info query"`
	Items   *itemsQuery  `xml:"http://jabber.org/protocol/disco#items query"`
	Command *command     `xml:"http://jabber.org/protocol/commands command"`
	Ping    *struct{}    `xml:"urn:xmpp:ping ping"`
	Error   *stanzaError `xml:"error"`
}

// An adminQuery is that of XEP-0045 sections 9 and 10.
type adminQuery struct {
	Items []adminItem `xml:"item"`
}

type adminItem struct {
	Affiliation string `xml:"affiliation,attr,omitempty"`
	Role        string `xml:"role,attr,omitempty"`
	JID         string `xml:"jid,attr,omitempty"`
	Nick        string `xml:"nick,attr,omitempty"`
	Reason      string `xml:"reason,omitempty"`
}

// A discoQuery is the part of XEP-0030 that is looked at.
type discoQuery struct {
	Node       string          `xml:"node,attr,omitempty"`
	Identities []discoIdentity `xml:"identity"`
	Features   []discoFeature  `xml:"feature"`
}

type discoIdentity struct {
	Category string `xml:"category,attr"`
	Type     string `xml:"type,attr"`
	Name     string `xml:"name,attr"`
}

type discoFeature struct {
	Var string `xml:"var,attr"`
}

type dataForm struct {
	Fields []formField `xml:"field"`
}

// A stanzaError is that of RFC 6120 section 8.3.
type stanzaError struct {
	Type       string `xml:"type,attr"`
	Conditions []struct {
		XMLName xml.Name
	} `xml:",any"`
}

// Error returns the condition.
func (e *stanzaError) Error() string {
	for _, c := range e.Conditions {
		if c.XMLName.Local != "text" {
			return c.XMLName.Local
		}
	}
	return "undefined-condition"
}

var (
	errUnwritable = errors.New("a name that XML cannot hold")
	errNoList     = errors.New("an answer without a list of rooms")
)

// request writes an IQ. Names go through the encoder, never into text; one
// that XML cannot hold would arrive as another, and is refused.
func request(kind, id, from, to string, payload any, names ...string) ([]byte, error) {
	for _, name := range append(names, to) {
		if !writable(name) {
			return nil, errUnwritable
		}
	}
	inner, err := xml.Marshal(payload)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "<iq type='%s' id='%s' from='%s' to='%s'>%s</iq>",
		kind, id, escape(from), escape(to), inner), nil
}

// writable reports whether every character is one of XML 1.0.
func writable(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff
	})
}

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder does not fail
	return b.String()
}

// The payloads that are written.
type (
	adminPayload struct {
		XMLName xml.Name    `xml:"http://jabber.org/protocol/muc#admin query"`
		Items   []adminItem `xml:"item"`
	}
	discoPayload struct {
		XMLName    xml.Name        `xml:"http://jabber.org/protocol/disco#info query"`
		Node       string          `xml:"node,attr,omitempty"`
		Identities []discoIdentity `xml:"identity"`
		Features   []discoFeature  `xml:"feature"`
	}
	pingPayload struct {
		XMLName xml.Name `xml:"urn:xmpp:ping ping"`
	}
)
