package daemon

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"usher/internal/panics"
)

// task is one thing that runs as long as the daemon. run returns nil when ctx ends.
type task struct {
	name string
	run  func(ctx context.Context) error
}

// tasks are all of them. A server without a clock on its questions, as Prosody's for logins is, stands still from when
// its door ends to when the next process answers. So the doors for those, and what they rest on, go on until all
// others have ended: a stranger can make that last, with half a request.
type tasks struct{ first, last []task }

// run is [runTasks] of both, one after the other.
func (t tasks) run(ctx context.Context, cancel context.CancelCauseFunc, p *panics.Reporter) error {
	after, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	var last errgroup.Group
	last.Go(func() error { return runTasks(after, cancel, t.last, p) })
	err := runTasks(ctx, cancel, t.first, p)
	<-ctx.Done()
	end()
	return cmp.Or(err, last.Wait())
}

// runTasks runs all tasks until ctx ends. The first that fails cancels ctx with its error, which ends the others.
func runTasks(ctx context.Context, cancel context.CancelCauseFunc, tasks []task, p *panics.Reporter) error {
	var group errgroup.Group
	for _, t := range tasks {
		group.Go(func() error {
			err := t.guarded(ctx, p)
			if err != nil {
				err = fmt.Errorf("task %s: %w", t.name, err)
				cancel(err)
			}
			return err
		})
	}
	return group.Wait()
}

// guarded turns a panic into an error, so that sockets are removed and the log is written before the daemon ends.
func (t task) guarded(ctx context.Context, p *panics.Reporter) (err error) {
	defer p.Recover("task", t.name, func() { err = errors.New("panic; the log has the stack") })
	return t.run(ctx)
}
