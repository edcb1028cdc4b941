// Package fetch answers one question: what does this server publish under this
// URL, a small document that logins will be believed by?
//
// A server may be slow, broken or hostile, and a URL may lead anywhere: where it
// may lead is checked when it is read and again when an address is dialled, a
// redirect stays with its server, and time, size and header are bounded. Errors
// never hold the URL, in which there may be a secret, nor a byte that moves a
// terminal's cursor.
//
// The package starts no goroutine and has no lock; a [Fetcher] may be used by many.
package fetch
