// Package kidqueue answers one question: whose turn is it, where strangers can
// invent as many who wait as they like?
//
// A key server that has a key for each kid is asked for the kids that tokens name,
// and a stranger can write one into a token. So there is no order of arrival that
// strangers could fill:
//
//   - Kids are ranked by how often they were asked for lately. The ranks take
//     turns, and within one the next is drawn by lot. To stand in the way of a
//     kid that was asked for n times, an invented one must be asked for as often.
//   - When the queue is full, one kid of the fullest rank goes. It is counted
//     on, so its next token finds it in a higher, emptier rank.
//   - Kids that have verified tokens come before all others.
//
// The package starts no goroutine and has no lock.
package kidqueue
