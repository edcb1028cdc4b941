package live

import (
	"context"
	"sync"
	"time"
)

// A Topic is what pages show that are open. The zero value is ready; it is safe for concurrent use.
type Topic struct {
	mu     sync.Mutex
	joined map[chan struct{}]bool
	came   bool          // somebody, since the last Came
	moved  chan struct{} // is closed when somebody comes or goes
}

// Join returns a channel that has something in it after a change, once for many, and what ends that.
func (t *Topic) Join() (changes <-chan struct{}, leave func()) {
	c := make(chan struct{}, 1)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.joined == nil {
		t.joined = map[chan struct{}]bool{}
	}
	t.joined[c], t.came = true, true
	t.movedLocked()
	return c, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.joined, c)
		t.movedLocked()
	}
}

// Came reports whether somebody has joined since it was last asked.
func (t *Topic) Came() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	came := t.came
	t.came = false
	return came
}

func (t *Topic) movedLocked() {
	if t.moved != nil {
		close(t.moved)
		t.moved = nil
	}
}

// Tell tells all who have joined that there is a change. It does not wait for them.
func (t *Topic) Tell() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for c := range t.joined {
		select {
		case c <- struct{}{}:
		default: // it has not seen the last one yet
		}
	}
}

// await waits until somebody has joined, or nobody any more; false: ctx has ended.
func (t *Topic) await(ctx context.Context, somebody bool) bool {
	for {
		t.mu.Lock()
		there := len(t.joined) > 0
		if t.moved == nil {
			t.moved = make(chan struct{})
		}
		moved := t.moved
		t.mu.Unlock()
		if there == somebody {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-moved:
		}
	}
}

// againAfter is how long a watch rests that has ended by itself.
const againAfter = time.Second

// Run runs watch while somebody has joined, and ends its context when nobody has any more, until ctx ends. Watch calls
// [Topic.Tell]; if it ends by itself it is begun again a second later.
func (t *Topic) Run(ctx context.Context, watch func(context.Context)) error {
	for t.await(ctx, true) {
		within, cancel := context.WithCancel(ctx)
		var waiting sync.WaitGroup
		waiting.Go(func() {
			t.await(within, false)
			cancel()
		})
		watch(within)
		if within.Err() == nil {
			pause(within, againAfter)
		}
		cancel()
		waiting.Wait()
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
