package gateway

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

// stopWithin bounds a stop. It takes LingerTimeout, if there is anybody who
// uses that up.
const stopWithin = 4 * time.Second

// Serve answers on l until ctx ends, and closes l. Each session is then told
// that its stream is over (RFC 7395 section 3.6), so that its client connects
// again and resumes it; requests of BOSH that wait are answered with 503, and
// are sent again by their clients. It returns nil when all have ended, or were
// cut off after a moment. An error means that l was closed by somebody else.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	s.sessions.serve(ctx)
	srv := &http.Server{
		Handler: s, ReadHeaderTimeout: s.HandshakeTimeout, IdleTimeout: s.IdleTimeout,
		MaxHeaderBytes: s.HeaderBytes, ErrorLog: s.ErrorLog,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	var keeping sync.WaitGroup
	keeping.Go(func() { s.keep(ctx) })
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		s.stop(srv)
	})
	err := srv.Serve(l)
	if stop() { // ctx is alive: the server ended by itself
		return err
	}
	keeping.Wait()
	<-stopped
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// stop ends requests and sessions at the same time: no client that is slow with
// the one keeps others from being told of the other.
func (s *Server) stop(srv *http.Server) {
	late, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	var stopping sync.WaitGroup
	stopping.Go(func() { s.sessions.stop(late) })
	soon, cancelSoon := context.WithTimeout(late, s.LingerTimeout)
	defer cancelSoon()
	if srv.Shutdown(soon) != nil { // somebody has not sent his request yet, or does not read the answer
		_ = srv.Close()
	}
	stopping.Wait()
}
