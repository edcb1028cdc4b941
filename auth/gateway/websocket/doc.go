// Package websocket answers one question: how do messages get from one
// WebSocket connection (RFC 6455) to another? It has the handshakes, frames,
// fragments, pings and the close frame, and [Relay], which passes messages on
// and asks an [Inspector] about each. It does not know what a message says.
//
// A message in one frame is passed on piece by piece, however long it is; one in
// fragments is held whole, within a [budget.Share], and passed on in one frame.
// Pings are answered, and not passed on.
//
// It starts no goroutine. A [Conn] has one lock, held while a frame is written;
// nothing else is locked within it. What is read belongs to one goroutine.
package websocket
