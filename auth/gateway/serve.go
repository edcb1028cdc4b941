package gateway

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"usher/internal/httpd"
)

// stopWithin bounds a stop. LingerTimeout is enough where everything returns.
const stopWithin = 4 * time.Second

// Serve answers on l until ctx ends, and closes l. Each session is then told
// that its stream is over (RFC 7395 section 3.6), so that its client connects
// again and resumes it; requests of BOSH that wait are answered with 503, and
// are sent again by their clients. It returns nil when all have ended. An error
// means that l was closed from outside, or that something did not end.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	s.streams.Serve(ctx)
	srv := &httpd.Server{
		Name: Door, Handler: s, Log: s.Log, Panics: s.Panics, HeaderBytes: s.HeaderBytes,
		HeaderTimeout: s.HandshakeTimeout, ReadTimeout: -1, WriteTimeout: -1, // each request sets its own
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

// runJanitor pings silent clients, ends sessions that do not log in, and forgets
// silent sessions of BOSH, until ctx ends. One timer serves all sessions; as long as there is
// none it sleeps until somebody asks.
func (s *Server) runJanitor(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.asked:
			s.clean(ctx)
		}
	}
}

// clean returns when there is no session, and none was asked for so long that it cannot be
// about to begin.
func (s *Server) clean(ctx context.Context) {
	tick := time.NewTicker(min(time.Second, s.PingAfter/4))
	defer tick.Stop()
	stays := max(time.Minute, 4*s.HandshakeTimeout)
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.asked:
			last = time.Now()
		case now := <-tick.C:
			s.streams.Check(now)
			s.bosh.Sweep(now)
			if s.streams.Running() == 0 && s.bosh.Sessions() == 0 && now.Sub(last) > stays {
				return
			}
		}
	}
}

// stop ends the sessions while requests end: a client that is slow to take an
// answer must not delay the end of the sessions.
func (s *Server) stop(ctx context.Context) error {
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	return s.streams.Stop(late)
}
