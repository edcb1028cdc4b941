package stanza

import "strconv"

// AuthAnonymous is how a client logs in without a name (RFC 4505).
const AuthAnonymous = `<auth xmlns="` + NamespaceSASL + `" mechanism="ANONYMOUS"/>`

// Open is how a client begins a stream over WebSocket (RFC 7395 section 3.4).
func Open(host string) string {
	return `<open xmlns="` + NamespaceFraming + `" to="` + escape(host) + `" version="1.0"/>`
}

// Resume asks for a stream to be resumed of which so many stanzas have arrived (XEP-0198
// section 5).
func Resume(id string, handled uint32) string {
	return `<resume xmlns="urn:xmpp:sm:3" h="` + strconv.FormatUint(uint64(handled), 10) + `" previd="` + escape(id) + `"/>`
}
