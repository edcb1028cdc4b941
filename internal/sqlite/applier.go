package sqlite

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"usher/internal/journal"
	"usher/internal/logattr"
)

const (
	applyAfter = 50 * time.Millisecond
	retryAfter = time.Second
	maxBatch   = 1000 // records that one transaction takes along
)

// An applier brings what the journal has into the file.
type applier struct {
	journal *journal.Journal
	disk    io.Writer // a file beside the state's
	log     *slog.Logger
	pending atomic.Bool // something is to be applied, and the timer runs
	timer   *time.Timer
	wake    chan struct{} // has place for one

	mu      sync.Mutex
	applied journal.Position
	changed chan struct{} // closed when applied or failed are others
	failed  error         // what was in the way of the last transaction
}

func newApplier(j *journal.Journal, disk io.Writer, applied journal.Position, log *slog.Logger) *applier {
	a := &applier{journal: j, disk: disk, log: log, timer: time.NewTimer(time.Hour), wake: make(chan struct{}, 1), applied: applied,
		changed: make(chan struct{})}
	a.timer.Stop()
	return a
}

// appended is told of each record. Only the first one that the file does not have starts the
// timer.
func (a *applier) appended() {
	if a.pending.CompareAndSwap(false, true) {
		a.timer.Reset(applyAfter)
	}
}

// ask has the file be written now.
func (a *applier) ask() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// run is the only one that writes the file, but for secrets. What is left when stop is closed is
// written, too, for as long as that may take.
func (a *applier) run(ctx context.Context, w *writer, stop <-chan struct{}) {
	defer a.timer.Stop()
	for {
		select {
		case <-a.timer.C:
		case <-a.wake:
		case <-stop:
			ctx, cancel := context.WithTimeout(ctx, closeWithin)
			defer cancel()
			a.all(ctx, w)
			return
		}
		a.pending.Store(false) // what is recorded from now on starts the timer again
		if !a.all(ctx, w) && a.pending.CompareAndSwap(false, true) {
			a.timer.Reset(retryAfter)
		}
	}
}

// all writes what the journal has, one transaction after the other.
func (a *applier) all(ctx context.Context, w *writer) bool {
	for more := true; more; {
		from, _, _ := a.state()
		to, rest, err := a.batch(ctx, w, from)
		if err == nil {
			err = a.journal.Forget(to)
		}
		if a.note(to, err); err != nil {
			return false
		}
		more = rest
	}
	return true
}

// state also returns what is closed when it is another.
func (a *applier) state() (applied journal.Position, changed <-chan struct{}, failed error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.applied, a.changed, a.failed
}

// note says how far the file is, or logs what is in its way, or that nothing is any more.
func (a *applier) note(applied journal.Position, err error) {
	a.mu.Lock()
	news := (err == nil) != (a.failed == nil)
	if a.failed = err; err == nil {
		a.applied = applied
	}
	close(a.changed)
	a.changed = make(chan struct{})
	a.mu.Unlock()
	switch {
	case news && err != nil:
		a.log.Error("the file of the state cannot be written: the journal keeps what is recorded", logattr.Err(err))
	case news:
		a.log.Info("the file of the state is written again")
	}
}

// wait waits until the file has what is recorded now, or ctx or the store ends.
func (a *applier) wait(ctx context.Context, stop <-chan struct{}) error {
	for target := a.journal.End(); ; {
		applied, changed, _ := a.state()
		if applied.Compare(target) >= 0 {
			return nil
		}
		a.ask()
		select {
		case <-changed:
		case <-stop:
			return errClosed
		case <-ctx.Done():
			return ctx.Err()
		}
		if _, _, err := a.state(); err != nil {
			return err
		}
	}
}

// batch writes a number of records, and how far the file then is, in one transaction. More says
// that there are others.
func (a *applier) batch(
	ctx context.Context, w *writer, from journal.Position,
) (to journal.Position, more bool, err error) {
	if a.journal.End().Compare(from) <= 0 {
		return from, false, nil
	}
	if err := a.awaitDisk(); err != nil {
		return from, false, err
	}
	if err := w.exec(ctx, statement{text: "BEGIN IMMEDIATE"}); err != nil {
		return from, false, err
	}
	to, more, err = a.records(ctx, w, from)
	if err == nil {
		err = w.exec(ctx, statement{notePosition, []any{int64(to.Segment), to.Offset}})
	}
	if err == nil {
		err = w.exec(ctx, statement{text: "COMMIT"})
	}
	if err != nil {
		// SQLite may have done this itself, as on a full disk. A transaction that stays open has the next BEGIN fail.
		_ = w.exec(context.WithoutCancel(ctx), statement{text: "ROLLBACK"})
		return from, false, err
	}
	return to, more, nil
}

// awaitDisk waits while the file system is frozen, as a write of nothing does, and changes nothing. SQLite would write to
// memory that is a file's (-shm): that page fault does not come back either, but, unlike a system call, keeps a processor,
// and so everything where there is only one, and the garbage collector, which stops all others for it.
func (a *applier) awaitDisk() error {
	_, err := a.disk.Write(nil)
	return err
}

// records makes the changes of a number of records.
func (a *applier) records(
	ctx context.Context, w *writer, from journal.Position,
) (to journal.Position, more bool, err error) {
	to = from
	n := 0
	for r, err := range a.journal.Read(from) {
		if err != nil {
			return from, false, err
		}
		if n++; n > maxBatch {
			return to, true, nil
		}
		if err := w.record(ctx, r.Payload); err != nil {
			return from, false, fmt.Errorf("the record before %v: %w", r.End, err)
		}
		to = r.End
	}
	return to, false, nil
}
