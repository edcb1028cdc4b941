// Package gateway stands between browsers and Prosody's own endpoints for
// XMPP over WebSocket (RFC 7395) and BOSH (XEP-0124, XEP-0206), and makes
// Jitsi's links work: their client puts the token into the address of its
// connection and then logs in with SASL ANONYMOUS, which tells Prosody
// nothing. The gateway takes the token out of the address, and gives the
// client's <auth mechanism="ANONYMOUS"/> a ticket for its trace (RFC 4505),
// which Prosody relays to the Dovecot door as it is.
//
// Until Prosody says that the login succeeded, only what package filter lists
// passes. What is not on the list, cannot be read, or is over 16 KiB ends the
// stream.
//
// After the login everything passes byte for byte, each message of WebSocket in
// one frame, as Prosody wants it. A token goes nowhere: not to Prosody, not into
// a log, not into an error.
//
// Both wires have packages of their own, stream and bosh; proxy is what they have
// in common, the HTTP side; login exchanges the token for the ticket. This package
// ties them: it says which request goes where, and ends all.
//
// The decision is the [Authenticator]'s; it is asked when the login begins,
// for only then it is known for which host it is.
//
// Goroutines: net/http's, one janitor, those of the streams, some that end streams of
// revoked accounts at Prosody, and one that stops them; [Server.Serve] waits for all. It
// has no lock.
package gateway
