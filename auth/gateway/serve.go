package gateway

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"usher/internal/httpd"
)

// stopWithin bounds a stop. It takes LingerTimeout, if there is anybody who
// uses that up.
const stopWithin = 4 * time.Second

// Serve answers on l until ctx ends, and closes l. Each session is then told
// that its stream is over (RFC 7395 section 3.6), so that its client connects
// again and resumes it; requests of BOSH that wait are answered with 503, and
// are sent again by their clients. It returns nil when all have ended. An error
// means that l was closed by somebody else, or that something did not end.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	s.sessions.serve(ctx)
	srv := &httpd.Server{
		Name: Door, Handler: s, Log: s.Log, Panics: s.Panics, HeaderBytes: s.HeaderBytes,
		HeaderTimeout: s.HandshakeTimeout, ReadTimeout: -1, WriteTimeout: -1, // a request has its own, see request
		IdleTimeout: s.IdleTimeout, StopTimeout: s.LingerTimeout,
	}
	var beside sync.WaitGroup
	served, over := context.WithCancel(ctx)
	beside.Go(func() { s.keep(served) })
	var late error
	beside.Go(func() {
		<-served.Done()
		late = s.stop(served)
	})
	err := srv.Serve(ctx, l)
	over()
	beside.Wait()
	return errors.Join(err, late)
}

// stop ends the sessions, while requests end: no client that is slow with the
// one keeps others from being told of the other.
func (s *Server) stop(ctx context.Context) error {
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	return s.sessions.stop(late)
}
