// Package extauth answers the external authentication of XMPP servers: the
// generic line protocol of Prosody's mod_auth_external_insecure and the
// framing of ejabberd's extauth, on a socket. What the servers start, usher
// extauth, passes their queries on to it.
//
// The codecs are pure. [Server] adds connections, limits and deadlines; every
// login is decided by the [Authenticator], also one that cannot be read, so
// that each is counted and logged once.
//
// Prosody takes whatever it reads next for the answer to its present query. A late
// answer would let the wrong person in. Hence the rules of
// this package: at most one answer for each query; a query that was followed
// by more bytes before its answer is refused, and the connection closes; an
// answer is never late.
//
// Goroutines: one for each connection, which [Server.Serve] waits for; an overdue
// decision is refused in the goroutine of its timer. No lock is held while another
// is taken.
package extauth
