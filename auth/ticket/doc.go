// Package ticket answers one question: what was this password made from?
//
// A ticket is a login password for one use, made from a verified token: for doors
// that cannot carry a token's length, and for gateways that must not hand the
// token on. The token stays with it, so that the use of a ticket puts the
// token through all its checks again.
//
// The package starts no goroutine; what has expired is dropped by [Table.Expire]
// and by the next ticket. A [Table] has one lock, under which nothing but a metric
// is counted.
package ticket
