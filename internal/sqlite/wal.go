package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"time"
)

const (
	syncEvery   = 2 * time.Second
	enoughPages = 1000  // 4 MiB of log are worth the work
	maxPages    = 32768 // 128 MiB: then a login may have to wait for the disk
	pageTries   = 20
)

// A wal is the log that SQLite writes ahead, and how it comes into the file.
type wal struct {
	db      *sql.DB    // moves the log into the file; does sync
	writing sync.Mutex // held while the log is written, or truncated
	reader  *sql.Tx    // pins the log's end, see pinReader; or nil
}

// A checkpointed is what came of moving the log into the file.
type checkpointed struct{ pages, moved int }

// run moves the log into the file until stop is closed. That waits for the disk,
// and the writer goes on meanwhile; only when nothing is left to move is the log
// truncated, which waits for nothing.
func (w *wal) run(stop <-chan struct{}, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			w.checkpoint(context.Background()) // what has begun is finished also when the store closes
		}
	}
}

// checkpoint does one round. A failure shows itself again at the next, and in
// Apply when the disk is full.
func (w *wal) checkpoint(ctx context.Context) {
	for range pageTries {
		if err := w.pinReader(ctx); err != nil {
			return
		}
		c, err := w.pragma(ctx, "PASSIVE")
		if err != nil || c.pages < enoughPages {
			return
		}
		if c.moved < c.pages && c.pages < maxPages {
			continue
		}
		if w.truncate(ctx, c.pages >= maxPages) {
			return
		}
	}
}

// pinReader keeps a reader at the present end of the log, until the next call or
// until the log is truncated. A writer that finds all of the log moved would
// begin it anew over what stands in it; without a sync in between, a power
// failure could leave the old beginning with a new rest, and old pages would be
// brought into the file again (https://sqlite.org/src/info/ff5be73dee). While
// somebody reads in the log SQLite appends to it.
func (w *wal) pinReader(ctx context.Context) error {
	w.writing.Lock()
	defer w.writing.Unlock()
	c, err := w.size(ctx)
	if err != nil || c.moved == c.pages {
		return err // nothing new: the reader of the last round stays where it is
	}
	if err := w.unpin(); err != nil {
		return err
	}
	if w.reader, err = w.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}); err != nil {
		return err
	}
	var n int
	return w.reader.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&n) // begins it
}

// unpin ends the reader that pinReader keeps.
func (w *wal) unpin() error {
	if w.reader == nil {
		return nil
	}
	err := w.reader.Rollback()
	w.reader = nil
	return err
}

// truncate empties the log if all of it has been moved, which it finds out
// while nobody writes; or else, with force, moves the rest first.
func (w *wal) truncate(ctx context.Context, force bool) bool {
	w.writing.Lock()
	defer w.writing.Unlock()
	if !force {
		// A write since would have to be moved and synced. Its pages show in the
		// log's size; moving nothing costs nothing.
		if c, err := w.size(ctx); err != nil || c.moved < c.pages {
			return false
		}
	}
	return w.close(ctx) == nil
}

// close moves what is in the log into the file, and leaves it empty.
func (w *wal) close(ctx context.Context) error {
	if err := w.unpin(); err != nil {
		return err
	}
	_, err := w.pragma(ctx, "TRUNCATE")
	return err
}

// pragma is PRAGMA wal_checkpoint on the connection that syncs.
func (w *wal) pragma(ctx context.Context, mode string) (checkpointed, error) {
	var busy int
	var c checkpointed
	err := w.db.QueryRowContext(ctx, "PRAGMA wal_checkpoint("+mode+")").Scan(&busy, &c.pages, &c.moved)
	if err == nil && busy != 0 && mode != "PASSIVE" {
		err = fmt.Errorf("checkpoint %s: busy", mode)
	}
	return c, err
}

// size asks without moving anything.
func (w *wal) size(ctx context.Context) (checkpointed, error) { return w.pragma(ctx, "NOOP") }
