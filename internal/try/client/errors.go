package client

import (
	"encoding/xml"
	"errors"
	"fmt"
)

// The namespaces of the protocol.
const (
	nsStream   = "http://etherx.jabber.org/streams"
	nsSASL     = "urn:ietf:params:xml:ns:xmpp-sasl"
	nsTLS      = "urn:ietf:params:xml:ns:xmpp-tls"
	nsFraming  = "urn:ietf:params:xml:ns:xmpp-framing"
	nsHTTPBind = "http://jabber.org/protocol/httpbind"
)

// ErrTooMuch says that the server sent more than a login and a join can need.
var ErrTooMuch = errors.New("the server sends without end")

// A StreamError ended the stream (RFC 6120 section 4.9).
type StreamError struct{ Condition, Text string }

// Error has the condition and the text.
func (e *StreamError) Error() string { return said("the stream ended", e.Condition, e.Text) }

// A Refused is the answer to a login (RFC 6120 section 6.5).
type Refused struct{ Condition, Text string }

// Error has the condition and the text.
func (e *Refused) Error() string { return said("the login was refused", e.Condition, e.Text) }

// A StanzaError is the answer to a question or a join (RFC 6120 section 8.3).
type StanzaError struct{ Condition, Text string }

// Error has the condition and the text.
func (e *StanzaError) Error() string { return said("refused", e.Condition, e.Text) }

// A StatusError is the answer of a web server that opens no WebSocket, or has no BOSH.
type StatusError struct {
	Status int
	Body   string // its beginning
}

// Error has the status alone: a body may be a page.
func (e *StatusError) Error() string { return fmt.Sprintf("HTTP status %d", e.Status) }

func said(what, condition, text string) string {
	if text == "" {
		return what + ": " + condition
	}
	return what + ": " + condition + ": " + text
}

// condition is an element that says by the name of a child what is wrong, and in a text.
type condition struct {
	Text string `xml:"text"`
	Any  []struct {
		XMLName xml.Name
	} `xml:",any"`
}

func (c condition) name() string {
	if len(c.Any) == 0 {
		return "no condition"
	}
	return c.Any[0].XMLName.Local
}
