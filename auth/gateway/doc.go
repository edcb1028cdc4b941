// Package gateway stands between browsers and Prosody's own endpoints for
// XMPP over WebSocket (RFC 7395) and BOSH (XEP-0124, XEP-0206), and makes
// Jitsi's links work: their client puts the token into the address of its
// connection and then logs in with SASL ANONYMOUS, which tells Prosody
// nothing. The gateway takes the token out of the address, and gives the
// client's <auth mechanism="ANONYMOUS"/> a ticket for its trace (RFC 4505),
// which Prosody relays to the Dovecot door as it is.
//
// That one element apart, everything passes byte for byte, each message of
// WebSocket in one frame, as Prosody wants it. A token goes nowhere: not to
// Prosody, not into a log, not into an error.
//
// The decision is the [Authenticator]'s; it is asked when the login begins,
// for only then it is known for which host it is. A connection that carries a
// token, or that would need one, is read strictly until it has logged in: what
// cannot be read does not pass.
package gateway
