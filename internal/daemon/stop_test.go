package daemon

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestStopByForce: a task that does not end does not hold up the stop for ever, and finds its state open. One that ends
// late, but in time, ends before the state is closed.
func TestStopByForce(t *testing.T) {
	for name, row := range map[string]struct {
		late time.Duration
		open bool
	}{"in time": {stopWithin - time.Millisecond, false}, "by force": {stopWithin + time.Second, true}} {
		w := newReloadWorld(t)
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			wrote := make(chan error, 1)
			stuck := task{"stuck", func(ctx context.Context) error {
				<-ctx.Done()
				time.Sleep(row.late)
				wrote <- w.rooms.store.Apply(context.WithoutCancel(ctx))
				return nil
			}}
			cancel()
			err := w.serve(ctx, tasks{first: []task{stuck}})
			w.closeState()
			if forced := err != nil && strings.HasPrefix(err.Error(), "stopped by force"); forced != row.open {
				t.Errorf("%s: %v", name, err)
			}
			if err := <-wrote; err != nil {
				t.Errorf("%s: the task wrote to a closed state: %v", name, err)
			}
			if closed := w.rooms.store.Apply(t.Context()) != nil; closed == row.open {
				t.Errorf("%s: the state is closed: %v", name, closed)
			}
		})
	}
}
