// Package websocket answers one question: how do messages get from one
// WebSocket connection (RFC 6455) to another? It has the handshakes, frames,
// fragments, pings and the close frame, and [Relay], which passes messages on
// and asks an [Inspector] about each. What a message says is none of its
// business.
//
// A message that was sent in one frame is passed on piece by piece, whatever
// its length; one in fragments is held whole, within a [budget.Share], and
// passed on in one frame. Pings are answered on their hop.
//
// It starts no goroutine. A [Conn] has one lock, held while a frame is written;
// what is read is one goroutine's. Within it nothing else is locked.
package websocket
