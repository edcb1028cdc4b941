// Package stanza reads and rewrites, purely, the few elements of an XMPP
// stream that a gateway in front of Prosody has to know: a login with SASL, a
// join, the answer to XEP-0198's enable, and the body around all of them in
// BOSH (XEP-0124).
//
// It reads what it is given as Prosody's own parser would, or not at all: what
// is not one well-formed element without comments, processing instructions,
// declarations and doubled attributes is an error, so that nothing can look
// like one thing here and like another there. It starts no goroutine and has no lock.
package stanza

// The namespaces that a gateway meets.
const (
	NamespaceSASL    = "urn:ietf:params:xml:ns:xmpp-sasl"    // RFC 6120 section 6
	NamespaceFraming = "urn:ietf:params:xml:ns:xmpp-framing" // RFC 7395
	NamespaceBOSH    = "http://jabber.org/protocol/httpbind" // XEP-0124
	NamespaceMUC     = "http://jabber.org/protocol/muc"      // XEP-0045
	NamespaceClient  = "jabber:client"                       // RFC 6120 section 4.8
	namespaceSM      = "urn:xmpp:sm:3"                       // XEP-0198
)
