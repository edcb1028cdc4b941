package sessions

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"usher/auth"
	"usher/internal/logattr"
	"usher/metrics"
	"usher/moderation/sessions/index"
)

const (
	recordWithin   = 250 * time.Millisecond // what is answered once it is written
	writeWithin    = 5 * time.Second        // a portion of what is written afterwards
	deletedAtATime = 500
)

// A writer writes changes to the store, and counts and logs what fails.
type writer struct {
	store   Store
	log     *slog.Logger
	metrics *metrics.Metrics
	behind  backlog // what is written after the answer
}

func newWriter(store Store, log *slog.Logger, m *metrics.Metrics) *writer {
	return &writer{store: store, log: log, metrics: m, behind: newBacklog()}
}

// apply writes changes and counts what fails.
func (s *core) apply(ctx context.Context, operation metrics.StateOperation, changes ...Change) error {
	return s.write(ctx, operation, false, changes)
}

// write writes changes. Of revocations it writes what is known of them now, one after the other: who changed that first
// may write it last, and would else take back what was done since.
func (s *core) write(ctx context.Context, operation metrics.StateOperation, learned bool, changes []Change) error {
	if len(changes) == 0 {
		return nil
	}
	if slices.ContainsFunc(changes, Change.ofRevocation) {
		if err := s.revocationWrites.take(ctx); err != nil {
			return s.wrote(ctx, operation, err)
		}
		defer s.revocationWrites.release()
		changes = s.asKnown(changes)
	}
	if learned {
		return s.wrote(ctx, operation, s.store.Learn(ctx, changes...))
	}
	return s.wrote(ctx, operation, s.store.Apply(ctx, changes...))
}

func (c Change) ofRevocation() bool { return c.PutRevocation != nil || c.DeleteRevocation != nil }

// asKnown returns changes that say of revocations what is known of them now.
func (s *core) asKnown(changes []Change) []Change {
	list := slices.Clone(changes)
	for i := range list {
		if !list[i].ofRevocation() {
			continue
		}
		principal := list[i].revoked()
		s.mu.RLock()
		v := s.revoked.known(index.PrincipalOf(principal))
		s.mu.RUnlock()
		if v != nil {
			list[i] = Change{PutRevocation: v}
		} else {
			list[i] = Change{DeleteRevocation: &principal}
		}
	}
	return list
}

// revoked is whose revocation a change is about.
func (c Change) revoked() auth.Principal {
	if c.PutRevocation != nil {
		return c.PutRevocation.Principal()
	}
	return *c.DeleteRevocation
}

// wrote counts and logs that the state could not be written.
func (w *writer) wrote(ctx context.Context, operation metrics.StateOperation, err error) error {
	if err != nil {
		w.metrics.StateError(operation)
		w.log.LogAttrs(ctx, slog.LevelError, "the state cannot be written", slog.String("operation", operation.String()),
			logattr.Err(err))
	}
	return err
}

// learn is apply of what other ushers said.
func (s *core) learn(ctx context.Context, operation metrics.StateOperation, changes []Change) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeWithin)
	defer cancel()
	return s.write(ctx, operation, true, changes)
}

// applyDurably is apply, and waits for the disk.
func (s *core) applyDurably(ctx context.Context, operation metrics.StateOperation, changes []Change) error {
	if err := s.apply(ctx, operation, changes...); err != nil {
		return err
	}
	err := s.store.Sync(ctx)
	if err != nil {
		s.metrics.StateError(operation)
	}
	return err
}

// persist writes what memory already says, in portions. A failure is logged
// and counted: memory decides, and the next start ends again what has ended. It
// goes on when ctx ends, but waits a few seconds for each portion at most.
func (s *core) persist(ctx context.Context, changes []Change) {
	for part := range slices.Chunk(changes, deletedAtATime) {
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeWithin)
		_ = s.apply(within, metrics.StateUpdate, part...)
		cancel()
	}
}

// later has changes written after the answer.
func (w *writer) later(changes []Change) {
	if len(changes) > 0 && !w.behind.add(changes) {
		w.metrics.StateError(metrics.StateUpdate)
		w.log.Warn("the state is slow: the end of some sessions is not written; the next start ends them again",
			slog.Int("n", len(changes)))
	}
}

// maxBehind bounds the changes that wait to be written, in entries.
const maxBehind = 20_000

// A backlog is what memory already says and the store does not yet, written by
// [Sessions.Run] after the answer. What finds no place is left out, and the next
// start finds it: what has ended ends again.
type backlog struct {
	wake chan struct{}

	mu      sync.Mutex
	changes []Change
}

func newBacklog() backlog { return backlog{wake: make(chan struct{}, 1)} }

// add reports false at the bound.
func (b *backlog) add(changes []Change) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.changes)+len(changes) > maxBehind {
		return false
	}
	b.putLocked(changes)
	return true
}

// begin is add without a bound, for what a start finds.
func (b *backlog) begin(changes []Change) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.putLocked(changes)
}

// putLocked wants the lock.
func (b *backlog) putLocked(changes []Change) {
	b.changes = append(b.changes, changes...)
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

func (b *backlog) take() []Change {
	b.mu.Lock()
	defer b.mu.Unlock()
	changes := b.changes
	b.changes = nil
	return changes
}

// A writeLock is held while something is written that the state has already: else
// what is written last might be what was read first.
type writeLock struct{ one *semaphore.Weighted }

func newWriteLock() writeLock { return writeLock{semaphore.NewWeighted(1)} }

// take waits until nobody else writes such a thing.
func (l writeLock) take(ctx context.Context) error {
	if l.one.TryAcquire(1) {
		return nil
	}
	if err := l.one.Acquire(ctx, 1); err != nil {
		return fmt.Errorf("the state is slow: %w", err)
	}
	return nil
}

func (l writeLock) release() { l.one.Release(1) }
