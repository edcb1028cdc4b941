// Package listen answers one question: which connections does usher take? It
// opens sockets, or takes systemd's, asks who connects, and bounds connections:
// in all, and of each peer that has no request yet that was admitted.
//
// Nobody waits in the kernel's queue: Prosody stands still while it does. A
// connection that cannot be had is accepted and closed, or another one without
// a request makes room for it, the one that has had none for the longest time.
//
// A [Listener] has one lock, which is held for a moment and while nothing
// else is locked. The package starts no goroutine.
package listen
