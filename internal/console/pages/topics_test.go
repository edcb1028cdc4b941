package pages

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestAsking: a page that has joined is told of each change, and looks again once after it has joined, and once after
// each change, as it may have seen what was gone when the API was asked again. Else it is told nothing.
func TestAsking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := full(3)
		p := newStand(api).pages
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = p.Run(ctx) })
		waiting := p.topics[2]
		changes, leave := waiting.Join()
		told := func() (n int) {
			for range 5 {
				time.Sleep(knocksEvery)
				synctest.Wait()
				select {
				case <-changes:
					n++
				default:
				}
			}
			return n
		}
		if n := told(); n != 1 {
			t.Errorf("after it has joined it is told %d times", n)
		}
		if n := told(); n != 0 {
			t.Errorf("it is told %d times of nothing", n)
		}
		api.set("GET /lobby/knocks/version", 2)
		if n := told(); n != 2 {
			t.Errorf("it is told %d times of a change", n)
		}
		other, leaveToo := waiting.Join()
		if n := told(); n != 2 || len(other) != 1 {
			t.Errorf("it is told %d times that another has joined", n)
		}
		leave()
		leaveToo()
		cancel()
		running.Wait()
	})
}
