package taskgroup_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"usher/internal/taskgroup"
)

// TestGroup: nothing starts before Open, after the context has ended or after Close, and Close waits for what has.
func TestGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g taskgroup.Group
		started := func() bool { return g.Go(func(context.Context) {}) }
		if started() {
			t.Error("started before Open")
		}
		for range 2 { // a group can be opened again
			ctx, cancel := context.WithCancel(t.Context())
			g.Open(ctx)
			ended := false
			g.Go(func(ctx context.Context) {
				<-ctx.Done()
				time.Sleep(time.Minute)
				ended = true
			})
			if !started() {
				t.Error("not started while it is open")
			}
			cancel()
			if started() {
				t.Error("started after the context ended")
			}
			if g.Close(); !ended {
				t.Error("Close did not wait")
			}
			if started() {
				t.Error("started after Close")
			}
		}
	})
}

// TestGroupStartsOthers: what was started may start more, also while Close waits.
func TestGroupStartsOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g taskgroup.Group
		g.Open(t.Context())
		n := 0
		g.Go(func(context.Context) {
			g.Go(func(context.Context) { time.Sleep(time.Second); n++ })
			time.Sleep(time.Minute)
			if g.Go(func(context.Context) { n++ }) {
				t.Error("started while Close waits")
			}
		})
		time.Sleep(time.Second / 2)
		if g.Close(); n != 1 {
			t.Errorf("%d have run", n)
		}
	})
}
