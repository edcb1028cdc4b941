// Package try answers one question: where on the way from a person's page to a room does it stop, and what has to
// change there? It logs in and joins a room as a client does, through each hop that a configuration has, and asks the
// daemon what it saw of that. A [Trial] is a list of hops in chains: behind the first that fails the rest of a chain is
// not reached.
//
// It leaves nothing behind: it leaves the room, or ends one that it made, ends its stream, and has the daemon forget
// its session if it made the token itself. No token is in a [Report].
//
// It starts no goroutine and has no lock. Each hop is bounded by [HopWithin], all of them by [Within].
package try
