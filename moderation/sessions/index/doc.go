// Package index answers one question: which sessions are there, of an account, of a principal, with a token, for a
// room, and which ends next?
//
// It keeps a [Session] in as few bytes as it takes, as there are many: what most have in common once ([Source]), the
// texts of each in one, a thumbprint as the number that it is. What finds one knows a hash of 32 bits, and one session
// leads to the next of the same hash: a table of whole keys takes three times as much. The hash is of a seed that is
// drawn at the start, so that nobody can choose what shares one.
//
// It starts no goroutine and has no lock: the methods of an Index want the caller's. Of a Session nothing changes but
// what its methods say.
package index
