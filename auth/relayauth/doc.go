// Package relayauth answers one question: may this login go on to a Prosody that
// verifies tokens itself, and with which inner token?
//
// Such a host has a relay ([auth.RelayConfig]): Jitsi's own modules keep their tokens.
// [Logins.Begin] decides about a connection by the checks of package auth,
// [Logins.InnerToken] writes what Prosody is told, [Logins.Record] makes a session of
// the account that Prosody has bound, and the streams that can be resumed are known by
// whose they are. A refusal is counted and logged where all are, by [auth.Verifier].
//
// The package starts no goroutine and has no lock.
package relayauth
