package sqlite

import (
	"context"
	"database/sql"
	"errors"
)

// A request is one Apply.
type request struct {
	statements []statement
	result     chan error // has place for the one answer
}

// maxBatch bounds the requests that one transaction takes along.
const maxBatch = 256

// A writer is the one connection that writes, with its statements prepared.
type writer struct {
	conn     *sql.Conn
	prepared map[string]*sql.Stmt
}

// write is the only one that writes. Requests that wait share a transaction,
// so that many logins at once cost little more than one.
func (s *Store) write(w *writer) {
	defer w.conn.Close()
	for {
		select {
		case r := <-s.requests:
			s.batch(w, s.gather(r))
		case <-s.stop:
			for {
				select {
				case r := <-s.requests:
					s.batch(w, s.gather(r))
				default:
					return
				}
			}
		}
	}
}

// gather takes what waits already, and waits for nothing.
func (s *Store) gather(first *request) []*request {
	batch := []*request{first}
	for len(batch) < maxBatch {
		select {
		case r := <-s.requests:
			batch = append(batch, r)
		default:
			return batch
		}
	}
	return batch
}

// batch writes requests together, or else one by one, so that one that cannot
// be written fails alone.
func (s *Store) batch(w *writer, batch []*request) {
	s.wal.writing.Lock()
	defer s.wal.writing.Unlock()
	err := w.transaction(batch)
	for _, r := range batch {
		switch {
		case err == nil:
			r.result <- nil
		case len(batch) == 1:
			r.result <- err
		default:
			r.result <- w.transaction([]*request{r})
		}
	}
}

// transaction writes all of the requests or none.
func (w *writer) transaction(batch []*request) (err error) {
	ctx := context.Background() // the writer never gives up half-way; its caller may
	if err := w.exec(ctx, statement{text: "BEGIN IMMEDIATE"}); err != nil {
		return err
	}
	for _, r := range batch {
		for _, st := range r.statements {
			if err := w.exec(ctx, st); err != nil {
				return errors.Join(err, w.exec(ctx, statement{text: "ROLLBACK"}))
			}
		}
	}
	if err := w.exec(ctx, statement{text: "COMMIT"}); err != nil {
		return errors.Join(err, w.exec(ctx, statement{text: "ROLLBACK"}))
	}
	return nil
}

func (w *writer) exec(ctx context.Context, st statement) error {
	p := w.prepared[st.text]
	if p == nil {
		var err error
		if p, err = w.conn.PrepareContext(ctx, st.text); err != nil {
			return err
		}
		w.prepared[st.text] = p
	}
	_, err := p.ExecContext(ctx, st.args...)
	return err
}
