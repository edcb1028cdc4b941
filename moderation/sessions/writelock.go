package sessions

import (
	"context"
	"fmt"

	"golang.org/x/sync/semaphore"
)

// A writeLock is held while a session is written that the state has already: else
// what is written last might be what was read first.
type writeLock struct{ one *semaphore.Weighted }

func newWriteLock() writeLock { return writeLock{semaphore.NewWeighted(1)} }

// take waits until nobody else writes such a session.
func (l writeLock) take(ctx context.Context) error {
	if err := l.one.Acquire(ctx, 1); err != nil {
		return fmt.Errorf("the state is slow: %w", err)
	}
	return nil
}

func (l writeLock) release() { l.one.Release(1) }
