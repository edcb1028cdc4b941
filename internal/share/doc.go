// Package share answers one question: what of this usher's state are the others to know, and what does it make of what
// they say? It is the state and the journal of a [cluster.Node]: it turns changes into facts and facts into changes, by
// the rules of packages moderation and lobby.
//
// Revocations and the whitelist are for all ushers; sessions, rooms, assignments, verdicts and streams for those
// beside the same Prosody. What goes for a bound of this usher is nobody else's business, and neither is who is
// connected here.
//
// It starts no goroutine and has no lock.
package share
