// Package admin answers one question: what does an operator ask of a running daemon, and what is answered? It is the
// API of the admin socket: its server ([NewHandler], over interfaces of its own), its client ([Call]), and the types
// of its answers, which both share. It starts no goroutine and holds no lock.
//
// The API is JSON over HTTP on a Unix socket, whose file's mode and whose peers' user say who may ask.
package admin
