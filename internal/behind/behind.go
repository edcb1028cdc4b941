// Package behind answers one question: what has memory forgotten that the state still has,
// and may be deleted there?
//
// It starts no goroutine.
//
// Locks: one is held for reading while something is written to the state, and for writing
// while a portion is deleted from it, so that nothing is deleted that is remembered again
// meanwhile. The other guards the list, and none is taken within it.
package behind

import (
	"context"
	"slices"
	"sync"
	"time"
)

const (
	most    = 20_000 // keys that wait; a start forgets the others in time
	atATime = 500
	within  = 5 * time.Second // of one portion
)

// Keys are those that are to be deleted from the state. They are safe for concurrent use.
type Keys[K any] struct {
	writes sync.RWMutex

	mu   sync.Mutex
	list []K
	wake chan struct{} // has place for one
}

// New returns Keys without any.
func New[K any]() *Keys[K] { return &Keys[K]{wake: make(chan struct{}, 1)} }

// Add has keys be deleted by the next [Keys.Delete], for which it asks. Beyond a bound they
// are left in the state.
func (k *Keys[K]) Add(keys ...K) {
	if len(keys) == 0 {
		return
	}
	k.mu.Lock()
	k.list = append(k.list, keys[:min(len(keys), most-len(k.list))]...)
	k.mu.Unlock()
	k.Ask()
}

// Ask wakes who waits for [Keys.Asked].
func (k *Keys[K]) Ask() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// Asked returns a channel that has something in it when there is something to be done.
func (k *Keys[K]) Asked() <-chan struct{} { return k.wake }

// Write calls put, which writes something to the state and has memory know it. Nothing is
// deleted meanwhile.
func (k *Keys[K]) Write(put func() error) error {
	k.writes.RLock()
	defer k.writes.RUnlock()
	return put()
}

// Delete deletes what waits, in portions, but nothing that memory knows again. It goes on
// when ctx has ended. The errors are those of apply.
func (k *Keys[K]) Delete(
	ctx context.Context, known func(K) bool, apply func(context.Context, []K) error,
) (errs []error) {
	k.mu.Lock()
	list := k.list
	k.list = nil
	k.mu.Unlock()
	for part := range slices.Chunk(list, atATime) {
		if err := k.deletePortion(ctx, part, known, apply); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

func (k *Keys[K]) deletePortion(
	ctx context.Context, part []K, known func(K) bool, apply func(context.Context, []K) error,
) error {
	k.writes.Lock()
	defer k.writes.Unlock()
	if part = slices.DeleteFunc(part, known); len(part) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), within)
	defer cancel()
	return apply(ctx, part)
}
