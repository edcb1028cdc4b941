package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"
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
	s.writing.Lock()
	defer s.writing.Unlock()
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

const (
	syncEvery   = 2 * time.Second
	enoughPages = 1000  // 4 MiB of log are worth the work
	maxPages    = 32768 // 128 MiB: then a login may have to wait for the disk
	pageTries   = 20
)

// sync moves the log into the file. That waits for the disk, and the writer
// goes on meanwhile; only when nothing is left to move is the log made short,
// which waits for nothing.
func (s *Store) sync() {
	tick := time.NewTicker(s.every)
	defer tick.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-tick.C:
			s.shorten(context.Background())
		}
	}
}

// shorten does one round. A failure shows itself again at the next, and in
// Apply when the disk is full.
func (s *Store) shorten(ctx context.Context) {
	for range pageTries {
		if err := s.hold(ctx); err != nil {
			return
		}
		c, err := s.checkpoint(ctx, "PASSIVE")
		if err != nil || c.pages < enoughPages {
			return
		}
		if c.moved < c.pages && c.pages < maxPages {
			continue
		}
		if s.truncate(ctx, c.pages >= maxPages) {
			return
		}
	}
}

// hold keeps a reader at the present end of the log, until the next call or
// until the log is emptied. A writer that finds all of the log moved would
// begin it anew over what stands in it; without a sync in between, a power
// failure could leave the old beginning with a new rest, and old pages would be
// brought into the file again (https://sqlite.org/src/info/ff5be73dee). While
// somebody reads in the log SQLite appends to it.
func (s *Store) hold(ctx context.Context) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	c, err := s.logSize(ctx)
	if err != nil || c.moved == c.pages {
		return err // nothing new: the reader of the last round stays where it is
	}
	if err := s.letGo(); err != nil {
		return err
	}
	if s.reader, err = s.syncer.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}); err != nil {
		return err
	}
	var n int
	return s.reader.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&n) // begins it
}

// letGo ends the reader that hold keeps.
func (s *Store) letGo() error {
	if s.reader == nil {
		return nil
	}
	err := s.reader.Rollback()
	s.reader = nil
	return err
}

// truncate empties the log if all of it has been moved, which it finds out
// while nobody writes; or else, with force, moves the rest first.
func (s *Store) truncate(ctx context.Context, force bool) bool {
	s.writing.Lock()
	defer s.writing.Unlock()
	if !force {
		// A write since would have to be moved and synced. Its pages show in the
		// log's size; moving nothing costs nothing.
		if c, err := s.logSize(ctx); err != nil || c.moved < c.pages {
			return false
		}
	}
	if s.letGo() != nil {
		return false
	}
	_, err := s.checkpoint(ctx, "TRUNCATE")
	return err == nil
}
