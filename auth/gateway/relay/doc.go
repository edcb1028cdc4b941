// Package relay answers one question: what may pass, element by element, between a
// client and a Prosody that verifies inner tokens itself?
//
// A [Stream] judges what both sides say, whatever carries it: a message of WebSocket
// and a child of a body of BOSH are judged alike. Until the account that Prosody
// bound is recorded nothing passes but what leads there. After that a presence to
// an address is a join, which the rooms decide; what is refused is swapped (package
// swap), so that both sides go on counting the same stanzas (XEP-0198).
//
// What it asks is declared here: [Logins] knows tokens and streams, [Rooms] who may
// join. It starts no goroutine.
package relay
