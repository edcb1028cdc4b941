package panics

import (
	"bufio"
	"net"
	"net/http"
)

// Serve runs serve. If that panics, refuse answers. An answer that has begun is cut,
// with its connection, so that it is not taken for a whole one. The path in the log
// is r.Pattern, which the router sets.
func (p *Reporter) Serve(door string, w http.ResponseWriter, r *http.Request, serve, refuse http.HandlerFunc) {
	a := &answer{ResponseWriter: w}
	defer func() { // recover must be called by the deferred function itself
		if v := recover(); v != nil {
			if v == http.ErrAbortHandler {
				panic(v)
			}
			p.report(door, r.Pattern, v)
			if a.begun {
				panic(http.ErrAbortHandler)
			}
			refuse(w, r)
		}
	}()
	serve(a, r)
}

// ServeWithin is Serve without net/http above it, which cuts the connection of an answer that had begun: the caller
// does so when it returns.
func (p *Reporter) ServeWithin(door string, w http.ResponseWriter, r *http.Request, serve, refuse http.HandlerFunc) {
	defer func() {
		if v := recover(); v != nil && v != http.ErrAbortHandler {
			panic(v)
		}
	}()
	p.Serve(door, w, r, serve, refuse)
}

// An answer knows whether it has begun.
type answer struct {
	http.ResponseWriter
	begun bool
}

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	a.begun = a.begun || status >= http.StatusOK
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) {
	a.begun = true
	return a.ResponseWriter.Write(p)
}

// Hijack implements http.Hijacker; a hijacked request is not answered any more.
func (a *answer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	a.begun = true
	return http.NewResponseController(a.ResponseWriter).Hijack()
}

// Flush implements http.Flusher.
func (a *answer) Flush() {
	a.begun = true
	_ = http.NewResponseController(a.ResponseWriter).Flush() // what cannot be flushed is sent at the end
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
