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
	s.streams.Serve(ctx)
	srv := &httpd.Server{
		Name: Door, Handler: s, Log: s.Log, Panics: s.Panics, HeaderBytes: s.HeaderBytes,
		HeaderTimeout: s.HandshakeTimeout, ReadTimeout: -1, WriteTimeout: -1, // a request has its own, see request
		IdleTimeout: s.IdleTimeout, StopTimeout: s.LingerTimeout,
	}
	var beside sync.WaitGroup
	served, over := context.WithCancel(ctx)
	beside.Go(func() { s.runJanitor(served) })
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

// runJanitor asks silent clients whether they are there, ends the sessions of
// those who do not log in, and forgets sessions of BOSH, until ctx ends. One timer
// does for all.
func (s *Server) runJanitor(ctx context.Context) {
	tick := time.NewTicker(min(time.Second, s.PingAfter/4))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			s.streams.Check(now)
			s.bosh.Sweep(now)
		}
	}
}

// stop ends the sessions, while requests end: no client that is slow with the
// one keeps others from being told of the other.
func (s *Server) stop(ctx context.Context) error {
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	return s.streams.Stop(late)
}
