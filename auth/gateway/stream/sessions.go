package stream

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"usher/auth"
	"usher/auth/gateway/login"
	"usher/auth/gateway/relay"
	"usher/auth/gateway/websocket"
	"usher/internal/panics"
	"usher/internal/taskgroup"
	"usher/metrics"
)

// A Joiner is told of a join before Prosody is, and returns at the latest when
// ctx ends. The user is a bare JID, the room as the client writes it. It returns the
// reason for which the join is refused here, or nothing: then Prosody decides.
type Joiner interface {
	BeforeJoin(ctx context.Context, user, room string) (refused string)
}

// A Memory remembers the account of a ticket for the stream that logged in with it:
// the account is taken again when the stream is resumed.
type Memory interface {
	Remember(ctx context.Context, t auth.Ticket, resumption string) error
}

// Options are the collaborators and deadlines of sessions. All but Rooms and
// Panics must be set.
type Options struct {
	Exchange *login.Exchange
	Memory   Memory
	Relays   *relay.Streams
	Rooms    Joiner // nil: joins pass unseen
	Log      *slog.Logger
	Metrics  *metrics.Gateway
	Panics   *panics.Reporter // nil: nothing is written

	HandshakeTimeout       time.Duration // for Prosody to accept the connection
	LoginTimeout           time.Duration // for a client to log in
	PingAfter, IdleTimeout time.Duration // of silence: the client is pinged, the session ends
	WriteTimeout           time.Duration // for either side to take a piece of a message
	JoinTimeout            time.Duration // for Rooms and Memory
	LingerTimeout          time.Duration // for a client to read why its session ended
}

// Sessions are all that run. None may begin before [Sessions.Serve]: nothing would
// wait for its end.
type Sessions struct {
	Options
	buffers websocket.Buffers

	mu      sync.Mutex
	running map[*Session]struct{}
	all     sync.WaitGroup
	active  int             // goroutines that run
	empty   chan struct{}   // closed when none does; nil: nothing waits for that
	ctx     context.Context // of Serve; nil: not serving
	stopped bool            // none may begin any more
}

// NewSessions returns sessions, none of which runs yet.
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

// start runs a session in a goroutine, unless all have been told to stop.
func (t *Sessions) start(s *Session) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	s.ctx = t.ctx
	s.told.Add(1)
	if !t.mayBeginLocked() {
		return false
	}
	t.running[s] = struct{}{}
	t.goLocked(s.run)
	return true
}

// Go runs f in a goroutine that [Sessions.Stop] waits for, and reports whether it
// does: after the stop it does not.
func (t *Sessions) Go(f func(context.Context)) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.mayBeginLocked() {
		return false
	}
	ctx := t.ctx
	t.goLocked(func() { f(ctx) })
	return true
}

func (t *Sessions) goLocked(f func()) {
	t.active++
	t.all.Go(func() {
		defer t.ended()
		f()
	})
}

// ended notes that a goroutine has ended.
func (t *Sessions) ended() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.active--; t.active == 0 && t.empty != nil {
		close(t.empty)
		t.empty = nil
	}
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

// Check pings silent clients, and ends sessions that do not log in. One goroutine
// is to call it at short intervals.
func (t *Sessions) Check(now time.Time) {
	for _, s := range t.list() {
		s.check(now)
	}
}

// Stop ends all sessions: each client is told that its stream is over, so that it
// connects again and resumes it. It returns when they have ended, or with an error
// when ctx does: what they use must not be closed then.
func (t *Sessions) Stop(ctx context.Context) error {
	t.close()
	for _, s := range t.list() {
		t.mu.Lock()
		t.goLocked(func() { s.close(stopped()) })
		t.mu.Unlock()
	}
	select {
	case <-t.whenEmpty():
		t.all.Wait()
		return nil
	case <-ctx.Done():
		return fmt.Errorf("a session of WebSocket: %w", taskgroup.ErrLeft)
	}
}

// close lets no session begin any more.
func (t *Sessions) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stopped = true
}

// whenEmpty returns a channel that is closed when no goroutine runs.
func (t *Sessions) whenEmpty() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.empty == nil {
		t.empty = make(chan struct{})
	}
	empty := t.empty
	if t.active == 0 {
		close(t.empty)
		t.empty = nil
	}
	return empty
}
