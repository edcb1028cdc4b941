package stanza

import (
	"encoding/json"
	"encoding/xml"
	"strconv"
	"strings"
)

// AuthAnonymous is how a client logs in without a name (RFC 4505).
const AuthAnonymous = `<auth xmlns="` + NamespaceSASL + `" mechanism="ANONYMOUS"/>`

// Open is how a client begins a stream over WebSocket (RFC 7395 section 3.4).
func Open(host string) string {
	return `<open xmlns="` + NamespaceFraming + `" to="` + escape(host) + `" version="1.0"/>`
}

// Resume asks for a stream to be resumed of which so many stanzas have arrived (XEP-0198
// section 5).
func Resume(id string, handled uint32) string {
	return `<resume xmlns="urn:xmpp:sm:3" h="` + strconv.FormatUint(uint64(handled), 10) +
		`" previd="` + escape(id) + `"/>`
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

// Close is how a stream ends over WebSocket (RFC 7395 section 3.6). Older
// clients compare it byte for byte with this spelling.
const Close = `<close xmlns="` + NamespaceFraming + `" />`

// Failure is the refusal of a login (RFC 6120 section 6.4.5), with a text for
// people. The condition is one of section 6.5. Jitsi's client shows the text
// only if it stands, without a language, right behind a condition not-allowed,
// which SASL does not have: so that one follows the real one.
func Failure(condition, text string) string {
	conditions := `<` + condition + `/>`
	if condition != "not-allowed" {
		conditions += `<not-allowed/>`
	}
	return `<failure xmlns="` + NamespaceSASL + `">` + conditions + `<text>` + escape(text) + `</text></failure>`
}

// StreamError says why a stream ends (RFC 6120 section 4.9).
func StreamError(condition, text string) string {
	const namespace = `xmlns="urn:ietf:params:xml:ns:xmpp-streams"`
	return `<stream:error xmlns:stream="http://etherx.jabber.org/streams"><` + condition + ` ` + namespace +
		`/><text ` + namespace + ` xml:lang="en">` + escape(text) + `</text></stream:error>`
}

// NotResumed says that a stream is not resumed (XEP-0198 section 5), in that version's
// namespace.
func NotResumed(namespace, condition string) string {
	return `<failed xmlns="` + escape(namespace) + `"><` + condition + ` xmlns="` + namespaceStanzas + `"/></failed>`
}

// ShownOut tells a client that it was taken out of a room (XEP-0045 section 8.2), as the
// room would.
func ShownOut(occupant, to, reason string) string {
	return `<presence xmlns="` + NamespaceClient + `" type="unavailable" from="` + escape(occupant) +
		`" to="` + escape(to) +
		`"><x xmlns="` + namespaceMUCUser + `"><item affiliation="none" role="none"><reason>` + escape(reason) +
		`</reason></item><status code="307"/><status code="110"/></x></presence>`
}

// NamespaceNotice is that of what usher's component says to one client (package component).
const NamespaceNotice = "urn:usher:lobby"

// SystemMessage is how a room tells one client something that Jitsi's page shows among its messages, as
// mod_muc_system_chat_message does.
func SystemMessage(room, to, sender, text string) string {
	said, _ := json.Marshal(map[string]string{"type": "system_chat_message", "displayName": sender, "message": text})
	return `<message xmlns="` + NamespaceClient + `" from="` + escape(room) + `" to="` + escape(to) +
		`"><json-message xmlns="http://jitsi.org/jitmeet">` + escape(string(said)) + `</json-message></message>`
}

// WriteBody is an answer of BOSH that holds what is given, as it is.
func WriteBody(content string) string {
	return `<body xmlns="` + NamespaceBOSH + `" xmlns:stream="http://etherx.jabber.org/streams">` + content + `</body>`
}

// CreateBody is the answer that makes a session of BOSH (XEP-0124 section 7.2), on a host.
func CreateBody(sid, host, wait, content string) string {
	return `<body xmlns="` + NamespaceBOSH + `" xmlns:stream="http://etherx.jabber.org/streams"` +
		` xmlns:xmpp="urn:xmpp:xbosh"` +
		` sid="` + escape(sid) + `" authid="` + escape(sid) + `" from="` + escape(host) + `" wait="` + escape(wait) +
		`" ver="1.6" hold="1" requests="2" polling="5" inactivity="60" secure="true" xmpp:version="1.0">` +
		content + `</body>`
}

// Terminate ends a session of BOSH (XEP-0124 section 13 and 17). As a request
// it has the session's identifiers; as an answer sid and rid are empty.
func Terminate(sid, rid, condition string) string {
	var b strings.Builder
	b.WriteString(`<body xmlns="` + NamespaceBOSH + `" type="terminate"`)
	for _, a := range [][2]string{{"sid", sid}, {"rid", rid}, {"condition", condition}} {
		if a[1] != "" {
			b.WriteString(` ` + a[0] + `="` + escape(a[1]) + `"`)
		}
	}
	b.WriteString("/>")
	return b.String()
}

// TerminateFor is the answer that ends a session of BOSH with an error of the
// stream and a text for people (XEP-0206 section 7).
func TerminateFor(condition, text string) string {
	return `<body xmlns="` + NamespaceBOSH + `" type="terminate" condition="remote-stream-error">` +
		StreamError(condition, text) + `</body>`
}

func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder never fails
	return b.String()
}
