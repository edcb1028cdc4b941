package gateway

import (
	"context"
	"errors"
	"sync"
	"time"

	"usher/metrics"
)

// A sessionTable holds the sessions of WebSocket that run.
type sessionTable struct {
	mu      sync.Mutex
	running map[*session]struct{}
	all     sync.WaitGroup
	ctx     context.Context // of Serve; nil: not serving
	stopped bool            // none may begin any more
}

// may wants the lock. It reports whether something may begin: before Serve nobody
// would wait for it.
func (t *sessionTable) may() bool { return t.ctx != nil && !t.stopped }

// serve says until when sessions may run.
func (t *sessionTable) serve(ctx context.Context) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ctx, t.stopped = ctx, false
}

// over reports whether they may not run any more.
func (t *sessionTable) over() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ctx != nil && t.ctx.Err() != nil
}

// start runs a session, unless they have been told to stop.
func (t *sessionTable) start(s *session) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	s.ctx = t.ctx
	s.parted.Add(1)
	if !t.may() {
		return false
	}
	if t.running == nil {
		t.running = map[*session]struct{}{}
	}
	t.running[s] = struct{}{}
	t.all.Go(s.run)
	return true
}

// beside runs what nobody waits for but the stop, unless that has come; it
// reports whether it does.
func (t *sessionTable) beside(f func(context.Context)) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.may() {
		return false
	}
	ctx := t.ctx
	t.all.Go(func() { f(ctx) })
	return true
}

func (t *sessionTable) remove(s *session) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.running, s)
}

// list returns the sessions that run now.
func (t *sessionTable) list() []*session {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := make([]*session, 0, len(t.running))
	for s := range t.running {
		list = append(list, s)
	}
	return list
}

// keep asks silent clients whether they are there, ends the sessions of those
// who do not log in, and forgets sessions of BOSH, until ctx ends. One timer
// does for all.
func (s *Server) keep(ctx context.Context) {
	tick := time.NewTicker(min(time.Second, s.PingAfter/4))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			for _, one := range s.sessions.list() {
				one.check(now)
			}
			s.bosh.sweep(now)
		}
	}
}

// check is one session's part of it.
func (s *session) check(now time.Time) {
	if !s.progress.LoggedIn().Load() && now.Sub(s.began) > s.LoginTimeout {
		s.sessions.beside(func(context.Context) {
			s.end(endPolicy(metrics.EndedLoginTimeout, "connection-timeout", "There was no login in time."))
		})
		return
	}
	if silent := now.UnixNano() - max(s.client.LastRead(), s.pinged); silent > int64(s.PingAfter) {
		s.pinged = now.UnixNano()
		s.sessions.beside(func(context.Context) { s.ping() }) // a client that does not read holds it up
	}
}

func (s *session) ping() {
	if err := s.client.Ping(); err != nil {
		s.end(clientSlow(err))
	}
}

// close lets no session begin any more.
func (t *sessionTable) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stopped = true
}

var errLeft = errors.New("a session did not end")

// stop ends all sessions, and returns when they have ended, or with an error
// when ctx does: what they use must not be closed then.
func (t *sessionTable) stop(ctx context.Context) error {
	t.close()
	for _, s := range t.list() {
		t.all.Go(func() { s.end(endStopped()) })
	}
	done := make(chan struct{})
	go func() { // outlives this only with a session that does
		t.all.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return errLeft
	}
}
