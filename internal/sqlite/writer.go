package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"usher/internal/journal"
	"usher/internal/record"
)

const (
	maxBatch   = 1000 // records that one transaction takes along
	retryAfter = time.Second
)

// A preparer is a *sql.Conn or a *sql.Tx.
type preparer interface {
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

// A writer is what writes, with its statements prepared.
type writer struct {
	on       preparer
	prepared map[string]*sql.Stmt
}

func newWriter(on preparer) *writer { return &writer{on, map[string]*sql.Stmt{}} }

// run is the only one that writes the file. What is left when the store closes is written, too,
// for as long as that may take.
func (s *Store) run(ctx context.Context, w *writer) {
	defer s.timer.Stop()
	for {
		select {
		case <-s.timer.C:
		case <-s.wake:
		case <-s.stop:
			ctx, cancel := context.WithTimeout(ctx, closeWithin)
			defer cancel()
			s.applyAll(ctx, w)
			return
		}
		s.pending.Store(false) // what is recorded from now on starts the timer again
		if !s.applyAll(ctx, w) && s.pending.CompareAndSwap(false, true) {
			s.timer.Reset(retryAfter)
		}
	}
}

// applyAll writes what the journal has, one transaction after the other.
func (s *Store) applyAll(ctx context.Context, w *writer) bool {
	for more := true; more; {
		s.mu.Lock()
		from := s.applied
		s.mu.Unlock()
		var to journal.Position
		var err error
		if to, more, err = s.batch(ctx, w, from); err == nil {
			err = s.journal.Forget(to)
		}
		if err == nil {
			s.mu.Lock()
			s.applied = to
			s.mu.Unlock()
		}
		if s.fail(err); err != nil {
			return false
		}
	}
	return true
}

// batch writes a number of records, and how far the file then is, in one transaction. More says that there
// are others.
func (s *Store) batch(
	ctx context.Context, w *writer, from journal.Position,
) (to journal.Position, more bool, err error) {
	if s.journal.End().Compare(from) <= 0 {
		return from, false, nil
	}
	if err := w.exec(ctx, statement{text: "BEGIN IMMEDIATE"}); err != nil {
		return from, false, err
	}
	to, more, err = s.records(ctx, w, from)
	if err == nil {
		err = w.exec(ctx, statement{notePosition, []any{int64(to.Segment), to.Offset}})
	}
	if err == nil {
		err = w.exec(ctx, statement{text: "COMMIT"})
	}
	if err != nil {
		return from, false, errors.Join(err, w.exec(context.WithoutCancel(ctx), statement{text: "ROLLBACK"}))
	}
	return to, more, nil
}

// records makes the changes of a number of records.
func (s *Store) records(
	ctx context.Context, w *writer, from journal.Position,
) (to journal.Position, more bool, err error) {
	to = from
	n := 0
	for r, err := range s.journal.Read(from) {
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

// record makes the changes of one.
func (w *writer) record(ctx context.Context, payload []byte) error {
	for c, err := range record.Changes(payload) {
		if err != nil {
			return err
		}
		if err := w.exec(ctx, statementOf(c)); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) exec(ctx context.Context, st statement) error {
	p := w.prepared[st.text]
	if p == nil {
		var err error
		if p, err = w.on.PrepareContext(ctx, st.text); err != nil {
			return err
		}
		w.prepared[st.text] = p
	}
	_, err := p.ExecContext(ctx, st.args...)
	return err
}
