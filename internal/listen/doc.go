// Package listen answers one question: which connections does usher accept? It opens
// sockets, or takes over systemd's, finds out who connects, and bounds connections:
// in all, and for each peer those without an admitted request.
//
// No connection waits in the kernel's queue, as Prosody does nothing else while it
// connects. One for which there is no room is accepted and closed, or another one
// without a request is closed for it: the one that has had none for the longest
// time.
//
// A [Listener] has one lock, which is held for a moment; nothing else is locked within
// it. The package starts no goroutine.
package listen
