package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"usher/internal/filelock"
	"usher/internal/journal"
	"usher/internal/record"
	"usher/lobby"
	"usher/moderation"
	"usher/moderation/occupancy"
	"usher/moderation/streams"
)

// A Report is what [Check] found. It is whole if it has no problem.
type Report struct {
	Schema   int
	Bytes    int64            // of the file, with what SQLite has beside it
	Running  bool             // a daemon has it, and goes on writing
	Applied  journal.Position // how far the file has the journal
	Counts   []Count
	Journal  journal.Report
	Problems []string // with what to do
}

// A Count is how many rows a table has.
type Count struct {
	Table string
	Rows  int
}

// tries is how often Check looks at a journal that a daemon writes: it may be about to.
const tries = 5

// Check examines a state and its journal, and changes nothing. The error is one of reading.
func Check(ctx context.Context, path string) (Report, error) {
	if _, err := os.Stat(path); err != nil {
		return Report{}, err
	}
	r := Report{Bytes: sizeOf(path)}
	lock, err := existingLock(path)
	switch {
	case errors.Is(err, filelock.ErrHeld):
		r.Running = true
	case err != nil:
		return Report{}, err
	}
	if lock != nil {
		defer lock.Close()
	}
	db, err := readOnly(path)
	if err != nil {
		return Report{}, err
	}
	defer db.Close()
	r.checkFile(ctx, db)
	r.checkJournal(ctx, db, path)
	return r, nil
}

// existingLock is nil for a state that no daemon has ever had.
func existingLock(path string) (*os.File, error) {
	lock, err := filelock.TakeExisting(path + ".lock")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return lock, err
}

// readOnly opens a file to read. One that nobody has open and that has no log is opened without
// making any file beside it, which would be root's.
func readOnly(path string) (*sql.DB, error) {
	pragmas := "mode=ro&_pragma=busy_timeout(5000)"
	if info, err := os.Stat(path + "-wal"); err != nil || info.Size() == 0 {
		if _, err := os.Stat(path + "-shm"); err != nil {
			pragmas = "mode=ro&immutable=1"
		}
	}
	return connect(path, pragmas)
}

func (r *Report) problem(format string, args ...any) {
	r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
}

// moveAway is what to do with a file that is beyond mending.
const moveAway = "put back a copy of the file and its journal, or move both away: people then log in again, and who " +
	"was revoked is not any more"

// checkFile looks at the file alone.
func (r *Report) checkFile(ctx context.Context, db *sql.DB) {
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&r.Schema); err != nil {
		r.problem("the file cannot be read: %v; %s", err, moveAway)
		return
	}
	if r.Schema > len(ladder) {
		r.problem("the file was written by a newer usher (schema %d, this one knows %d): use that one", r.Schema,
			len(ladder))
		return
	}
	lines, err := integrity(ctx, db)
	for _, line := range lines {
		r.problem("the file is damaged: %s; %s", line, moveAway)
	}
	if err != nil && len(lines) == 0 {
		r.problem("the file is damaged: %v; %s", err, moveAway)
	}
	if r.Schema == len(ladder) && len(r.Problems) == 0 {
		r.checkRows(ctx, db)
	}
}

// integrity returns what SQLite finds damaged.
func integrity(ctx context.Context, db *sql.DB) (list []string, err error) {
	rows, err := db.QueryContext(ctx, "PRAGMA integrity_check(10)")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return list, err
		}
		if line != "ok" {
			list = append(list, line)
		}
	}
	return list, rows.Err()
}

// checkRows reads every value.
func (r *Report) checkRows(ctx context.Context, db *sql.DB) {
	count(ctx, r, db, "sessions", record.DecodeValue[*moderation.Session])
	count(ctx, r, db, "assignments", record.DecodeValue[*moderation.Assignment])
	count(ctx, r, db, "rooms", record.DecodeValue[*moderation.Room])
	count(ctx, r, db, "revocations", record.DecodeValue[*moderation.Revocation])
	count(ctx, r, db, "lobby_entries", record.DecodeValue[*lobby.Entry])
	count(ctx, r, db, "lobby_verdicts", record.DecodeValue[*lobby.Verdict])
	count(ctx, r, db, "streams", record.DecodeValue[*streams.Stream])
	count(ctx, r, db, "occupants", record.DecodeValue[*occupancy.Occupant])
}

func count[T any](ctx context.Context, r *Report, db queryer, table string, d decode[T]) {
	n := 0
	for _, err := range values(ctx, db, table, d) {
		if err != nil {
			r.problem("%v; %s", err, moveAway)
			break
		}
		n++
	}
	r.Counts = append(r.Counts, Count{table, n})
}

// checkJournal looks at the journal from where the file has it.
func (r *Report) checkJournal(ctx context.Context, db queryer, path string) {
	if len(r.Problems) > 0 {
		return // where it begins is not known
	}
	for try := 1; ; try++ {
		var err error
		if r.Schema == len(ladder) {
			r.Applied, err = position(ctx, db)
		}
		if err == nil {
			r.Journal, err = journal.Check(journalDir(path), r.Applied)
		}
		if err == nil {
			return
		}
		if !r.Running || try == tries {
			r.problem("%v", err)
			return
		}
	}
}
