package sessions

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"usher/internal/logattr"
	"usher/metrics"
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
func (w *writer) apply(ctx context.Context, operation metrics.StateOperation, changes ...Change) error {
	if len(changes) == 0 {
		return nil
	}
	err := w.store.Apply(ctx, changes...)
	if err != nil {
		w.metrics.StateError(operation)
		w.log.LogAttrs(ctx, slog.LevelError, "the state cannot be written", slog.String("operation", operation.String()), logattr.Err(err))
	}
	return err
}

// applyDurably is apply, and waits for the disk.
func (w *writer) applyDurably(ctx context.Context, operation metrics.StateOperation, changes []Change) error {
	if err := w.apply(ctx, operation, changes...); err != nil {
		return err
	}
	err := w.store.Sync(ctx)
	if err != nil {
		w.metrics.StateError(operation)
	}
	return err
}

// persist writes what memory already says, in portions. A failure is logged
// and counted: memory decides, and the next start ends again what has ended. It
// goes on when ctx ends, but waits a few seconds for each portion at most.
func (w *writer) persist(ctx context.Context, changes []Change) {
	for part := range slices.Chunk(changes, deletedAtATime) {
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeWithin)
		_ = w.apply(within, metrics.StateUpdate, part...)
		cancel()
	}
}

// later has changes written after the answer.
func (w *writer) later(changes []Change) {
	if len(changes) > 0 && !w.behind.add(changes) {
		w.metrics.StateError(metrics.StateUpdate)
		w.log.Warn("the state is slow: the end of some sessions is not written; the next start ends them again", slog.Int("n", len(changes)))
	}
}
