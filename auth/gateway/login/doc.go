// Package login answers one question: how does the token that a connection
// brings become a login at Prosody?
//
// [Take] takes the token out of a request, so that it goes no further; an
// [Exchange] puts a ticket for it into the client's <auth mechanism="ANONYMOUS"/>
// as its trace (RFC 4505), which Prosody relays to the Dovecot door as it is; a
// [Progress] follows how the login goes. Package filter says what else may pass.
//
// [Tickets] decides about a token. It is asked when the login begins, as the host is
// not known before.
//
// It starts no goroutine. A [Progress] has one lock; nothing else is locked
// within it.
package login

// Door is the name of the gateway in logs and metrics.
const Door = "gateway"
