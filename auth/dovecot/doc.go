// Package dovecot answers the logins that a stock Prosody relays through its
// mod_auth_dovecot: the server side of the Dovecot authentication protocol,
// version 1.1 and 1.2, for the SASL mechanisms PLAIN (RFC 4616), OAUTHBEARER
// (RFC 7628) and, for tickets alone, ANONYMOUS (RFC 4505).
//
// The codec and the SASL readers are pure. [Server] adds connections, limits
// and deadlines; every decision is the [Authenticator]'s, also those about
// requests that cannot be read, so that each is counted and logged once.
//
// Prosody has one connection for all its users and reads from it without a timeout:
// while it waits, it does nothing else. Hence the rules of this package: one answer
// for each request, in order, always, and soon.
//
// Goroutines: one for each connection, which [Server.Serve] waits for; the watchdog
// answers in the goroutine of its timer. No lock is held while another is taken.
package dovecot
