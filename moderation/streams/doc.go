// Package streams answers one question: whose is the stream that a login wants to resume
// (XEP-0198)? Prosody lets any login of a host resume any stream whose identifier it
// knows; the gateway passes on only what [Streams] say is of the same principal.
//
// A stream is remembered while it is connected and [Kept] longer; after a restart it is
// remembered for [Kept] from the start on, as nobody knows what is connected. It is known
// by the print of its identifier, which is a secret and is never kept. All are in memory,
// bounded in number and in bytes ([Limits]), and in a [Store] as well: what is remembered
// is written before [Streams.RememberStream] returns.
//
// It starts no goroutine: [Streams.Run] is a task of the daemon.
//
// Locks: one guards the table, and is held for no longer than a portion of it takes. The
// store is not waited for under it. What is deleted from the store is kept apart from what
// is put there by a lock of package behind, which is taken first.
package streams
