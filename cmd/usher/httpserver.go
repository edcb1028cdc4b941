package main

import (
	"context"
	"errors"
	"log"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"
)

// stopWithin bounds a graceful stop.
const stopWithin = 5 * time.Second

// httpHeaderBytes bounds a request's header but for a token in it.
const httpHeaderBytes = 16 << 10

// newHTTPErrors returns what net/http complains to.
func newHTTPErrors(l *slog.Logger) *log.Logger { return log.New(httpErrors{l}, "", 0) }

// newHTTPServer returns a server that a slow or endless client cannot hold for long.
func newHTTPServer(h http.Handler, l *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    httpHeaderBytes,
		ErrorLog:          newHTTPErrors(l),
	}
}

// httpErrors logs the first line of what net/http complains about: the rest is a client's bytes or a stack.
type httpErrors struct{ log *slog.Logger }

// Write implements io.Writer for log.Logger.
func (w httpErrors) Write(p []byte) (int, error) {
	line, _, _ := strings.Cut(string(p), "\n")
	if len(line) > 200 {
		line = line[:200]
	}
	w.log.Warn("http server", "error", line)
	return len(p), nil
}

// serveHTTP answers on l until ctx ends, and then lets the running requests finish.
func serveHTTP(ctx context.Context, l net.Listener, srv *http.Server) error {
	srv.BaseContext = func(net.Listener) context.Context { return ctx } // requests that wait give up at the stop
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		late, cancel := context.WithTimeout(context.Background(), stopWithin)
		defer cancel()
		stopped <- srv.Shutdown(late)
	})
	err := srv.Serve(l)
	if stop() { // ctx is alive: the server ended by itself
		return err
	}
	if shut := <-stopped; shut != nil {
		return shut
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
