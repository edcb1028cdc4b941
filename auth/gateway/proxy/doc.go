// Package proxy answers one question: may this HTTP request come in, and in which
// form does it go on to Prosody? It finds the client's address, checks the origin
// of the web page, limits connections, chooses the headers that go on, and
// reaches Prosody's own web server.
//
// It starts no goroutine but net/http's for connections to Prosody. The lock of
// a limiter is held for a moment; nothing else is locked within it.
package proxy
