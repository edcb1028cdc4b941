// Package web answers one question: what may Jitsi's page ask about a room by plain
// HTTP, and what of it goes on?
//
//   - /room-info, /room-size and /room of Prosody's modules. Jitsi's web server sends
//     them where it sends WebSockets. The token is verified, and goes on as an inner
//     token, which is what those modules verify; a request without one is theirs to
//     decide. A token that does not open the room learns nothing about it.
//   - /conference-request/v1 of jicofo, which makes rooms for anybody that may reach it:
//     so it is decided here as a join is, and only what may join goes on.
//
// It starts no goroutine and has no lock.
package web
