package stream

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"usher/auth"
	"usher/auth/gateway/login"
	"usher/auth/gateway/websocket"
	"usher/internal/panics"
	"usher/internal/taskgroup"
	"usher/metrics"
)

// A Joiner is told of a join before Prosody is, and returns at the latest when
// ctx ends. The user is a bare JID, the room as the client writes it.
type Joiner interface {
	BeforeJoin(ctx context.Context, user, room string)
}

// A Memory has the account of a ticket be taken again when the stream that logged
// in with it is resumed.
type Memory interface {
	Remember(ctx context.Context, t auth.Ticket, resumption string) error
}

// Options are the collaborators and deadlines of sessions. All but Rooms and
// Panics must be set.
type Options struct {
	Exchange *login.Exchange
	Memory   Memory
	Rooms    Joiner // nil: joins pass unseen
	Log      *slog.Logger
	Metrics  *metrics.Gateway
	Panics   *panics.Reporter // nil: nothing is written

	LoginTimeout           time.Duration // for a client to log in
	PingAfter, IdleTimeout time.Duration // of silence: the client is asked, and taken for gone
	WriteTimeout           time.Duration // for either side to take a piece of a message
	JoinTimeout            time.Duration // for Rooms and Memory
	LingerTimeout          time.Duration // for a client to take note of the end
}

// Sessions are those that run. None may begin before [Sessions.Serve]: nobody
// would wait for it.
type Sessions struct {
	Options
	buffers websocket.Buffers

	mu      sync.Mutex
	running map[*Session]struct{}
	all     sync.WaitGroup
	ctx     context.Context // of Serve; nil: not serving
	stopped bool            // none may begin any more
}

// NewSessions returns none yet.
func NewSessions(o Options) *Sessions {
	return &Sessions{Options: o, running: map[*Session]struct{}{}}
}

// Serve says until when sessions may run. [Sessions.Stop] must follow.
func (t *Sessions) Serve(ctx context.Context) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ctx, t.stopped = ctx, false
}

// Over reports whether they may not run any more.
func (t *Sessions) Over() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ctx != nil && t.ctx.Err() != nil
}

// Running returns how many run now.
func (t *Sessions) Running() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.running)
}

func (t *Sessions) mayBeginLocked() bool { return t.ctx != nil && !t.stopped }

// start runs a session in a goroutine, unless they have been told to stop.
func (t *Sessions) start(s *Session) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	s.ctx = t.ctx
	s.told.Add(1)
	if !t.mayBeginLocked() {
		return false
	}
	t.running[s] = struct{}{}
	t.all.Go(s.run)
	return true
}

// Go runs what nobody waits for but the stop, unless that has come; it reports
// whether it does.
func (t *Sessions) Go(f func(context.Context)) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.mayBeginLocked() {
		return false
	}
	ctx := t.ctx
	t.all.Go(func() { f(ctx) })
	return true
}

func (t *Sessions) remove(s *Session) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.running, s)
}

// list returns the sessions that run now.
func (t *Sessions) list() []*Session {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := make([]*Session, 0, len(t.running))
	for s := range t.running {
		list = append(list, s)
	}
	return list
}

// Check asks silent clients whether they are there, and ends the sessions of
// those who do not log in. It is to be called again and again, by one goroutine.
func (t *Sessions) Check(now time.Time) {
	for _, s := range t.list() {
		s.check(now)
	}
}

// close lets no session begin any more.
func (t *Sessions) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stopped = true
}

// Stop ends all sessions: each client is told that its stream is over, so that it
// connects again and resumes it. It returns when they have ended, or with an error
// when ctx does: what they use must not be closed then.
func (t *Sessions) Stop(ctx context.Context) error {
	t.close()
	for _, s := range t.list() {
		t.all.Go(func() { s.close(stopped()) })
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
		return fmt.Errorf("a session of WebSocket: %w", taskgroup.ErrLeft)
	}
}
