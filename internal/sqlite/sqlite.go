// Package sqlite keeps the state in one file on this machine (state: sqlite:).
//
// A write returns when it is with the operating system, so that a killed
// daemon has lost nothing; no fsync stands between a login and its answer. The
// file is in WAL mode: a power failure may lose the last seconds, and leaves a
// file that is whole. What is in the log is brought into the file, and to the
// disk, in the background.
//
// Goroutines: one writes, one brings the log into the file, and there is one for
// each [Store.Sync]; [Store.Close] waits for them. Locks: one is held while the log
// is written or truncated, one while the store begins to close; neither within the
// other.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"usher/internal/filelock"
	"usher/lobby"
	"usher/moderation/sessions"
)

// A Store is a [sessions.Store], a streams.Store, an occupancy.Store and a [lobby.Store].
type Store struct {
	path     string
	lock     *os.File
	db       *sql.DB // writes and loads; never syncs
	requests chan *request
	stop     chan struct{}
	stopOnce sync.Once
	every    time.Duration // from one round of moving the log to the next
	closing  sync.Mutex    // held while stop is closed, or something else begins
	done     sync.WaitGroup

	syncFile func(path string) error // fsync, but in tests
	wal      wal
}

const (
	queued      = 4096
	closeWithin = 5 * time.Second

	pragmas = "_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=wal_autocheckpoint(0)&" +
		"_pragma=cache_size(-2000)&_pragma=synchronous"
)

var errClosed = errors.New("the state is closed")

// Open opens the file, which only this process may then use, and makes it if
// it is not there. Its folder must be there.
func Open(ctx context.Context, path string) (*Store, error) { return openEvery(ctx, path, syncEvery) }

func openEvery(ctx context.Context, path string, every time.Duration) (*Store, error) {
	s := &Store{path: path, requests: make(chan *request, queued), stop: make(chan struct{}), every: every,
		syncFile: syncFile}
	if err := s.open(ctx); err != nil {
		s.release()
		return nil, fmt.Errorf("state %s: %w", path, err)
	}
	conn, err := s.db.Conn(ctx)
	if err != nil {
		s.release()
		return nil, fmt.Errorf("state %s: %w", path, err)
	}
	s.done.Go(func() { s.write(&writer{conn, map[string]*sql.Stmt{}}) })
	s.done.Go(func() { s.wal.run(s.stop, s.every) })
	return s, nil
}

func (s *Store) open(ctx context.Context) error {
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
	if s.db, err = connect(s.path, "OFF"); err != nil {
		return err
	}
	if s.wal.db, err = connect(s.path, "NORMAL"); err != nil {
		return err
	}
	return migrate(ctx, s.db)
}

// connect opens one connection. The path is escaped: it may hold "?".
func connect(path, synchronous string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+pragmas+"("+synchronous+")")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(2) // one writes, one loads; or one moves, one holds
	return db, nil
}

// Apply waits until the changes are written, or ctx ends.
func (s *Store) Apply(ctx context.Context, changes ...sessions.Change) error {
	if len(changes) == 0 {
		return nil
	}
	statements, err := statementsOf(changes)
	if err != nil {
		return err
	}
	return s.submit(ctx, statements)
}

// LoadLobby reads everything of the lobby.
func (s *Store) LoadLobby(ctx context.Context) (lobby.State, error) {
	var state lobby.State
	err := load(ctx, s.db, "lobby_entries", &state.Entries)
	if err == nil {
		err = load(ctx, s.db, "lobby_verdicts", &state.Verdicts)
	}
	if err != nil {
		return lobby.State{}, fmt.Errorf("state %s: %w", s.path, err)
	}
	return state, nil
}

// ApplyLobby waits until the changes are written, or ctx ends.
func (s *Store) ApplyLobby(ctx context.Context, changes ...lobby.Change) error {
	statements := make([]statement, 0, len(changes))
	for _, c := range changes {
		st, err := withValue(lobbyStatement(c))
		if err != nil {
			return err
		}
		statements = append(statements, st)
	}
	return s.submit(ctx, statements)
}

// submit has the writer do them, all or none.
func (s *Store) submit(ctx context.Context, statements []statement) error {
	r := &request{statements: statements, result: make(chan error, 1)}
	select {
	case <-s.stop:
		return errClosed
	default:
	}
	select {
	case s.requests <- r:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.stop:
		return errClosed
	}
	select {
	case err := <-r.result:
		return err
	case <-ctx.Done():
		return fmt.Errorf("the disk is slow: %w", ctx.Err())
	}
}

// Close writes what is queued, brings it to the disk and ends the store.
func (s *Store) Close() error {
	s.closing.Lock()
	s.stopOnce.Do(func() { close(s.stop) })
	s.closing.Unlock()
	s.done.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
	defer cancel()
	return errors.Join(s.wal.close(ctx), s.release())
}

func (s *Store) release() error {
	var errs []error
	for _, db := range []*sql.DB{s.db, s.wal.db} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}
