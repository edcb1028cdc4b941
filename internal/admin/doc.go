// Package admin answers one question: what does an operator ask of a running daemon, and what is answered? It is the
// API of the admin socket: its server ([NewHandler], over interfaces of its own), its client ([Client]), and the types
// of its answers, which both share. It holds no lock.
//
// The API is JSON over HTTP on a Unix socket, whose file's mode and whose peers' user say who may ask. Within the
// daemon's process the console asks it ([Within]), for an [Author]: one goroutine for each request, which ends with it.
package admin
