// Package sqlite keeps the state on this machine (state: sqlite:): a journal, and one file
// behind it.
//
// A change is recorded in the journal by the goroutine that wants it, and is then with the
// operating system: a killed daemon has lost nothing. No fsync and no database stand between a login and
// its answer. The file follows: 50 ms after the first change that it does not have, all of them
// are written to it in one transaction that notes how far it is. No answer waits for that, so
// it waits for the disk. What the journal has and the file does not is applied by the next start.
//
// A power failure may lose the last second. What was synced ([Store.Sync]) it leaves.
//
// Goroutines: one writes the file, and the journal has one; [Store.Close] waits for both. Locks: one,
// of how far the file is; it is held for a moment, and no other within it.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"usher/internal/filelock"
	"usher/internal/journal"
	"usher/moderation/sessions"
)

// A Store is a [sessions.Store], a streams.Store, an occupancy.Store and a lobby.Store.
type Store struct {
	path    string
	log     *slog.Logger
	lock    *os.File
	db      *sql.DB
	journal *journal.Journal
	tail    []sessions.Change // of revocations, that the journal had and the file did not

	applier *applier
	buffers sync.Pool // of *[]byte, for records

	followed atomic.Bool   // something waits for appended
	appended chan struct{} // has place for one
	stop     chan struct{}
	closing  sync.Once
	closed   error // what came of it
	done     sync.WaitGroup
}

const (
	closeWithin = 5 * time.Second

	pragmas = "_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=cache_size(-2000)&_pragma=synchronous(FULL)"
)

var errClosed = errors.New("the state is closed")

// Open opens the file and its journal, which only this process may then use, and makes them if
// they are not there. Their folder must be there. What the file does not have yet is applied behind.
func Open(ctx context.Context, path string, log *slog.Logger) (*Store, error) {
	return open(ctx, path, log, journal.Options{})
}

func open(ctx context.Context, path string, log *slog.Logger, o journal.Options) (*Store, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s := &Store{path: path, log: log, appended: make(chan struct{}, 1), stop: make(chan struct{})}
	s.buffers.New = func() any { return new([]byte) }
	if err := s.open(ctx, o); err != nil {
		return nil, errors.Join(fmt.Errorf("state %s: %w", path, err), s.release())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, o journal.Options) error {
	var err error
	// A second daemon would answer from a memory that this one does not know.
	if s.lock, err = filelock.Take(s.path + ".lock"); err != nil {
		return fmt.Errorf("locking: %w", err)
	}
	f, err := os.OpenFile(s.path, os.O_RDWR|os.O_CREATE, 0o600) // SQLite's other files get the same mode
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if s.db, err = connect(s.path, pragmas); err != nil {
		return err
	}
	if err := migrate(ctx, s.db); err != nil {
		return err
	}
	applied, err := position(ctx, s.db)
	if err != nil {
		return err
	}
	if s.journal, err = journal.Open(journalDir(s.path), applied, o); err != nil {
		return err
	}
	if err := s.readTail(applied); err != nil {
		return err
	}
	s.applier = newApplier(s.journal, s.lock, applied, s.log)
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	// What has begun is finished also when the start has ended; Close cancels what takes too long.
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s.done.Go(func() {
		defer cancel()
		defer conn.Close()
		s.applier.run(ctx, newWriter(conn), s.stop)
	})
	s.report()
	return nil
}

// report logs what the start found in the journal.
func (s *Store) report() {
	found := s.journal.Found()
	if found.Warning != "" {
		s.log.Warn("the journal of the state", slog.String("problem", found.Warning))
	}
	if found.Records > 0 {
		s.log.Info("the journal has what the file of the state does not yet", slog.Int("records", found.Records),
			slog.Int64("bytes", found.Bytes))
		s.applier.ask()
	}
}

// journalDir is beside the file; SQLite itself calls its own "-journal".
func journalDir(path string) string { return path + ".journal" }

// connect opens a file. The path is escaped: it may hold "?".
func connect(path, pragmas string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+pragmas)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(2) // one writes, one loads
	return db, nil
}

// Close applies what there is, brings it to the disk and ends the store. The journal and
// SQLite's log are then empty.
func (s *Store) Close() error {
	s.closing.Do(func() {
		close(s.stop)
		s.done.Wait()
		_, _, failed := s.applier.state()
		s.closed = errors.Join(failed, emptyLog(s.db), s.release())
	})
	return s.closed
}

// emptyLog brings SQLite's log into the file: that can then be copied, or taken the place of,
// alone. A log that another process reads stays.
func emptyLog(db *sql.DB) error {
	ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
	defer cancel()
	_, err := db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	return err
}

func (s *Store) release() error {
	var errs []error
	if s.journal != nil {
		ctx, cancel := context.WithTimeout(context.Background(), closeWithin) // the daemon's has ended
		defer cancel()
		if err := s.journal.Close(ctx); !errors.Is(err, journal.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}
