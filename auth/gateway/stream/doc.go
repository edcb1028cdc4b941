// Package stream answers one question: what becomes of one client's XMPP over
// WebSocket (RFC 7395), from the handshake to its end? A [Session] has the
// client's connection and ours to Prosody. Until Prosody says that the login
// succeeded it passes what package filter lists, and then everything byte for
// byte. The rooms are told of a join before it passes; the identifier by which the
// stream can be resumed is remembered before the client learns it. [Sessions] are
// all that run.
//
// The first reason for which a session ends decides what both sides are told.
// Prosody keeps the stream of a connection that was cut, so that the client can
// resume it (XEP-0198).
//
// Goroutines: two for each session, and short ones for writes that a client may
// delay; [Sessions.Stop] waits for all. The lock of Sessions is held for a moment;
// nothing else is locked within it.
package stream
