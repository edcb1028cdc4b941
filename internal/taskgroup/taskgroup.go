// Package taskgroup answers: what does a task still have running, and has all
// of it ended?
//
// A daemon's task is a function that runs until its context ends. What it
// starts besides, and what others ask it to start, belongs to a [Group]: it
// runs under the task's context and has ended before the task returns. A group
// starts the goroutines it is asked for, and [Group.Close] waits for them. Its
// one lock is held for a moment and taken last.
package taskgroup

import (
	"context"
	"errors"
	"sync"
)

// ErrLeft is the error of a task that ends while a request is still in hand: what
// that uses must not be closed.
var ErrLeft = errors.New("a request did not return")

// A Group is open while its task runs. The zero value is ready, and closed. It
// is safe for concurrent use.
type Group struct {
	mu   sync.Mutex
	ctx  context.Context // of the task; nil while the group is closed
	work sync.WaitGroup
}

// Open has what is started from now on run under ctx, until Close.
func (g *Group) Open(ctx context.Context) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ctx = ctx
}

// Close lets nothing start any more, and waits for all that was started. It
// does not cancel: the context given to Open has to end by itself.
func (g *Group) Close() {
	g.mu.Lock()
	g.ctx = nil
	g.mu.Unlock()
	g.work.Wait()
}

// Go starts do in a goroutine of its own, and reports whether it did: while the
// group is closed, or its context has ended, nothing is started.
func (g *Group) Go(do func(context.Context)) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ctx == nil || g.ctx.Err() != nil {
		return false
	}
	ctx := g.ctx
	g.work.Go(func() { do(ctx) })
	return true
}
