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
// A session ends by Prosody's word, or by time; what a client says of its end is
// Prosody's to answer. A session of BOSH that usher has not seen begin, as it is
// older than usher, passes messages, presences, answers, pings, questions about
// features and steps of calls, in bodies of 16 KiB, until Prosody addresses an
// account on it.
//
// The decision is the [Authenticator]'s; it is asked when the login begins,
// for only then it is known for which host it is.
//
// Goroutines: each session of WebSocket has two, which [Server.Serve] waits for;
// what goes on beside is in tasks, which it waits for as well. Within the lock of
// the boshTable those of a boshSession, of the places and of the verifier's tickets
// are taken; no other lock is held while another is taken.
package gateway
