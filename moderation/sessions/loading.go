package sessions

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
)

// ErrLoading is the error of a question that cannot be answered yet: not all that was kept
// is there.
var ErrLoading = errors.New("usher has just started, and not all sessions are loaded; try again")

// A loading says how much of what was kept is there.
type loading struct {
	n          atomic.Int64  // sessions that were read so far
	rooms, all chan struct{} // closed once that much is there, or cannot be loaded
	failed     atomic.Pointer[error]
}

func newLoading() loading { return loading{rooms: make(chan struct{}), all: make(chan struct{})} }

// roomsAreThere is said once, before end.
func (l *loading) roomsAreThere() { close(l.rooms) }

// end is said once. Why not everything is there is known before any waiter is woken.
func (l *loading) end(err error) {
	if err != nil {
		l.failed.Store(&err)
	}
	close(l.all)
	if !isClosed(l.rooms) {
		close(l.rooms)
	}
}

// failure is why what was kept cannot be loaded, or nil.
func (l *loading) failure() error {
	if err := l.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// await waits for a part, and at most until ctx ends.
func (l *loading) await(ctx context.Context, part <-chan struct{}) error {
	select {
	case <-part:
		return l.failure()
	default:
	}
	select {
	case <-part:
		return l.failure()
	case <-ctx.Done():
		return ErrLoading
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// AwaitRooms waits until all rooms are there that were kept, with what was given and with
// what others loaded, and at most until ctx ends. Sessions may be missing.
func (s *Sessions) AwaitRooms(ctx context.Context) error {
	return s.loading.await(ctx, s.loading.rooms)
}

// Await waits until everything is there that was kept, and at most until ctx ends. A
// question that finds no session before is not answered.
func (s *Sessions) Await(ctx context.Context) error { return s.loading.await(ctx, s.loading.all) }

// IsLoaded reports whether everything is there that was kept.
func (s *Sessions) IsLoaded() bool { return isClosed(s.loading.all) && s.loading.failure() == nil }

// Loaded is closed when everything is there, or cannot be loaded.
func (s *Sessions) Loaded() <-chan struct{} { return s.loading.all }

// Missing says why not everything is there that was kept, or nothing.
func (s *Sessions) Missing() string {
	switch err := s.loading.failure(); {
	case err != nil:
		return fmt.Sprintf("%v; nobody is let in until that is mended and usher is started again", err)
	case !isClosed(s.loading.all):
		return fmt.Sprintf("starting: %d of the sessions are loaded", s.loading.n.Load())
	}
	return ""
}
