// Package proxy answers one question: may this HTTP request come in, and as what
// does it go on to Prosody? It finds out from where the request comes, whether
// the web page behind it may ask, and whether there is room for it; and it knows
// which headers go on, and how Prosody's own web server is reached.
//
// It starts no goroutine but net/http's for connections to Prosody. The lock of
// a limiter is held for a moment; nothing else is locked within it.
package proxy
