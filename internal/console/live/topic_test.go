package live

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestRun: a topic is watched while somebody has joined, once for all, and again when it ends by itself.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var topic Topic
		var running sync.WaitGroup
		var begun, watching atomic.Int64
		running.Go(func() {
			_ = topic.Run(ctx, func(ctx context.Context) {
				watching.Add(1)
				defer watching.Add(-1)
				if begun.Add(1) == 3 {
					return // by itself
				}
				<-ctx.Done()
			})
		})
		want := func(b, w int64) {
			t.Helper()
			if synctest.Wait(); begun.Load() != b || watching.Load() != w {
				t.Errorf("begun %d times, %d watch; want %d, %d", begun.Load(), watching.Load(), b, w)
			}
		}
		want(0, 0)
		_, leave := topic.Join()
		_, other := topic.Join()
		want(1, 1)
		leave()
		want(1, 1)
		other()
		want(1, 0)
		_, leave = topic.Join()
		want(2, 1)
		leave()
		want(2, 0)
		_, leave = topic.Join()
		want(3, 0)
		time.Sleep(againAfter)
		want(4, 1)
		leave()
		want(4, 0)
		cancel()
		running.Wait()
	})
}

// TestSend: many changes are one event, at most one a second, and nobody waits for a reader.
func TestSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var topic Topic
		var sending sync.WaitGroup
		var sent atomic.Int64
		sending.Go(func() {
			_ = topic.Send(ctx, func(event, _ string) error {
				if event != Changed {
					t.Errorf("event %q", event)
				}
				sent.Add(1)
				return nil
			})
		})
		synctest.Wait()
		for range 100 {
			topic.Tell()
		}
		if synctest.Wait(); sent.Load() != 1 {
			t.Errorf("%d events at once", sent.Load())
		}
		for range 100 { // for 10 s
			topic.Tell()
			time.Sleep(100 * time.Millisecond)
		}
		if synctest.Wait(); sent.Load() < 10 || sent.Load() > 12 {
			t.Errorf("%d events in 10 s", sent.Load())
		}
		cancel()
		sending.Wait()
		failing := errors.New("nobody reads")
		var err error
		sending.Go(func() { err = topic.Send(t.Context(), func(string, string) error { return failing }) })
		synctest.Wait()
		topic.Tell()
		if sending.Wait(); !errors.Is(err, failing) || len(topic.joined) != 0 {
			t.Errorf("%v, %d have joined", err, len(topic.joined))
		}
	})
}
