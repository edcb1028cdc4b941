// Package httpd answers one question: how is HTTP served here? It has the one
// http.Server of all endpoints, with deadlines, limits, the answer to a panic, and a
// stop after which no handler runs; and [Admission], which says who may ask.
//
// [Server.Serve] starts net/http's goroutines, one for each connection, and returns
// when their handlers have. One lock guards the number of handlers.
package httpd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"usher/internal/listen"
	"usher/internal/panics"
	"usher/internal/taskgroup"
)

// HeaderBytes bounds a request's header but for a token in it.
const HeaderBytes = 16 << 10

// firstWithin is how long a connection that was just made has for its first request once the server stops. A busy
// machine takes more than a tenth of a second from the one to the other, and the question would be lost.
const firstWithin = 500 * time.Millisecond

// cutWithin is how long handlers may go on once their connections are cut.
const cutWithin = time.Second

// A Server serves HTTP on one endpoint. Its fields must not change once
// [Server.Serve] runs. Zero deadlines and limits mean the defaults.
type Server struct {
	Name    string // of the endpoint, in logs and figures
	Handler http.Handler
	Log     *slog.Logger // nil: no log
	Panics  *panics.Reporter

	// Open admits every request. Else the handler admits one with [Admit]; until
	// then its connection may be closed for a new one.
	Open bool

	HeaderBytes   int           // zero means HeaderBytes
	HeaderTimeout time.Duration // for a request's header; zero means 5 s
	ReadTimeout   time.Duration // for a whole request; zero means 10 s, less than zero none
	WriteTimeout  time.Duration // for a request and its answer; zero means 30 s, less than zero none
	IdleTimeout   time.Duration // between requests; zero means 60 s
	StopTimeout   time.Duration // for the requests in hand at the stop; zero means 4 s

	handlers flight
}

// Serve answers on l until ctx ends, and closes l. Requests in hand then have
// StopTimeout; after it their connections are cut. It returns nil when no
// handler is left. An error means that l was closed from outside, or that
// a handler did not return.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	srv := s.server(ctx)
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() { stopped <- s.stop(ctx, srv, l) })
	err := srv.Serve(l)
	if stop() { // ctx is alive: the server ended by itself
		_ = srv.Close()
		return errors.Join(err, s.handlers.wait(cutWithin))
	}
	if late := <-stopped; late != nil {
		return late
	}
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (s *Server) server(ctx context.Context) *http.Server {
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	return &http.Server{
		Handler:           http.HandlerFunc(s.serve),
		ReadHeaderTimeout: cmp.Or(s.HeaderTimeout, 5*time.Second),
		ReadTimeout:       cmp.Or(s.ReadTimeout, 10*time.Second),
		WriteTimeout:      cmp.Or(s.WriteTimeout, 30*time.Second),
		IdleTimeout:       cmp.Or(s.IdleTimeout, 60*time.Second),
		MaxHeaderBytes:    cmp.Or(s.HeaderBytes, HeaderBytes),
		ErrorLog:          newErrorLog(s.Name, s.Log),

		DisableGeneralOptionsHandler: true, // OPTIONS * reaches the handler

		BaseContext: func(net.Listener) context.Context { return ctx }, // requests that wait give up at the stop
		ConnContext: withConn,
		ConnState:   changed,
	}
}

// stop ends the server. ctx has ended.
func (s *Server) stop(ctx context.Context, srv *http.Server, l net.Listener) error {
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), cmp.Or(s.StopTimeout, 4*time.Second))
	defer cancel()
	if limited, ok := l.(*listen.Listener); ok {
		_ = limited.Close()
		srv.SetKeepAlivesEnabled(false) // who has no request in hand is closed, the others once they have their answer
		limited.Settle(firstWithin)     // from Shutdown on, net/http reads a request and does not answer it
	}
	if srv.Shutdown(late) != nil { // a client has not sent its whole request, or does not read the answer
		_ = srv.Close()
	}
	return s.handlers.wait(cutWithin)
}

// serve is the outermost handler.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if !s.handlers.begin() {
		w.Header().Set("Connection", "close")
		http.Error(w, "usher is about to stop", http.StatusServiceUnavailable)
		return
	}
	defer s.handlers.end()
	conn := connOf(r.Context())
	defer conn.Release(false) // the client now takes the answer, and may ask again
	if s.Open {
		conn.Admit()
	}
	s.Panics.Serve(s.Name, w, r, s.Handler.ServeHTTP, refuse)
}

// refuse answers after a panic that the handler did not answer itself.
func refuse(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "cannot be decided", http.StatusInternalServerError)
}

// Admit says that a request is legitimate: its connection is not closed for a new one
// until it is answered. The context is the request's.
func Admit(ctx context.Context) { connOf(ctx).Admit() }

// UserOf is the user of the process that asks over a Unix socket. The context is the request's.
func UserOf(ctx context.Context) (uid uint32, ok bool) {
	c := connOf(ctx)
	if c == nil || c.Peer().Network.IsValid() {
		return 0, false
	}
	return c.Peer().UID, true
}

type connKey struct{}

func withConn(ctx context.Context, nc net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, listen.Of(nc))
}

// connOf returns the connection of a request. It is nil, on which every method may be
// called, if that did not come by a limited listener.
func connOf(ctx context.Context) *listen.Conn {
	c, _ := ctx.Value(connKey{}).(*listen.Conn)
	return c
}

// changed follows what net/http says of a connection.
func changed(nc net.Conn, state http.ConnState) {
	switch state {
	case http.StateIdle: // the answer has been sent
		listen.Of(nc).Release(false)
	case http.StateHijacked: // a WebSocket
		listen.Of(nc).Keep()
	}
}

func errStuck(n int) error { return fmt.Errorf("%w (%d of them)", taskgroup.ErrLeft, n) }
