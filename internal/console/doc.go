// Package console answers one question: who is shown which page of the console? Its [Server] makes every check of a
// request, in one place: the Host header, https, the method, the origin of what changes something, the session, and
// for whom a route is. It answers no route that was not given to it with that. What the pages show comes from the
// API of package admin, which is asked within the process; so do all changes.
//
// Goroutines: one for each stream, beside the connection's own, which ends with it. Locks: none of its own; those of
// access.
package console
