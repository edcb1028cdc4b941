package gatewaytest

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
)

// SASL and BOSH are namespaces, as attributes.
const (
	SASL = `xmlns="urn:ietf:params:xml:ns:xmpp-sasl"`
	BOSH = `xmlns="http://jabber.org/protocol/httpbind"`
)

// What clients and Prosody say.
const (
	StreamTo  = `<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="Meet.example.com" version="1.0"/>`
	Anonymous = `<auth ` + SASL + ` mechanism="ANONYMOUS"/>`
	Plain     = `<auth ` + SASL + ` mechanism="PLAIN">AGZvY3VzAHNlY3JldA==</auth>`
	Success   = `<success ` + SASL + `/>`
	Lost      = `<failure ` + SASL + `><internal-server-error/></failure>` // mod_auth_dovecot had no connection
	Enabled   = `<enabled xmlns="urn:xmpp:sm:3" id="stream-7" resume="true"/>`
	Room      = "one@conference.meet.example.com"
	Register  = `<iq type="set" id="1" xmlns="jabber:client"><query xmlns="jabber:iq:register">` +
		`<username>a</username><password>b</password></query></iq>`
	Legacy = `<iq type="set" id="1" xmlns="jabber:client"><query xmlns="jabber:iq:auth">` +
		`<username>a</username><password>b</password><resource>c</resource></query></iq>`
)

// WithTicket is what becomes of Anonymous, with the nth ticket that was asked for.
func WithTicket(n string) string {
	ticket := base64.StdEncoding.EncodeToString([]byte(TicketText + n))
	return `<auth ` + SASL + ` mechanism="ANONYMOUS">` + ticket + `</auth>`
}

// Join asks to enter a room.
func Join(to string) string {
	return `<presence to="` + to + `"><x xmlns="http://jabber.org/protocol/muc"/></presence>`
}

// Stream is one of RFC 6120 in a single message. Prosody would see the login in
// it.
func Stream(content string) string {
	return `<stream:stream xmlns:stream="http://etherx.jabber.org/streams" xmlns="jabber:client" to="` + Host +
		`" version="1.0">` + content + `</stream:stream>`
}

// Creating is the first request of a session of BOSH.
func Creating(content ...string) string {
	return `<body ` + BOSH + ` rid="1" to="Meet.example.com" wait="60" hold="1">` +
		strings.Join(content, "") + `</body>`
}

// Body is any other request of the session s1.
func Body(rid int, content ...string) string {
	return fmt.Sprintf(`<body %s rid="%d" sid="s1">%s</body>`, BOSH, rid, strings.Join(content, ""))
}

// Told is an answer of Prosody in it.
func Told(content ...string) string {
	return `<body ` + BOSH + ` sid="s1">` + strings.Join(content, "") + `</body>`
}

// Terminated is how Prosody ends a session, and what it says of one that it does
// not have or of a request out of order, or of a body that it cannot parse.
func Terminated(condition string) string {
	if condition == "" {
		return `<body ` + BOSH + ` type="terminate" xmlns:stream="http://etherx.jabber.org/streams"/>`
	}
	return `<body ` + BOSH + ` type="terminate" condition="` + condition + `"/>`
}

// Random returns so many bytes of text, the same ones each time.
func Random(length int) string {
	r := rand.New(rand.NewPCG(1, uint64(length)))
	b := make([]byte, length)
	for i := range b {
		b[i] = byte(' ' + r.IntN(90))
	}
	return string(b)
}
