package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"usher/internal/filelock"
	"usher/internal/journal"
	"usher/internal/record"
	"usher/lobby"
	"usher/moderation"
	"usher/moderation/occupancy"
	"usher/moderation/streams"
)

// Oldest and Newest are the schemas that [Export] writes.
const (
	Oldest = 1
	Newest = 3
)

// An Exported says what a file has, and what an older usher cannot be told.
type Exported struct {
	Sessions, Revocations int
	Left                  []string // what is not in the file, and what that means
}

// Export writes a state to a new file, as an older usher has it. The state is not changed, and no
// daemon may have it.
func Export(ctx context.Context, path string, schema int, to string) (e Exported, err error) {
	if schema < Oldest || schema > Newest {
		return Exported{}, fmt.Errorf("schema %d is none of %d to %d", schema, Oldest, Newest)
	}
	lock, err := existingLock(path)
	if errors.Is(err, filelock.ErrHeld) {
		return Exported{}, errors.New("a daemon uses the state: stop it first")
	}
	if err != nil {
		return Exported{}, err
	}
	if lock != nil {
		defer lock.Close()
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return Exported{}, err
	}
	err = out.Close()
	if err == nil {
		err = copyState(ctx, path, partOf(to))
	}
	if err == nil {
		e, err = convert(ctx, partOf(to), schema, to)
	}
	if err == nil {
		err = sameOwner(path, to)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(to))
	}
	return e, errors.Join(err, removeFiles(partOf(to)))
}

// partOf is the file that [Export] works in.
func partOf(to string) string { return filepath.Clean(to) + ".part" }

// sameOwner gives a file that root made to who has the state: the daemon is to open it.
func sameOwner(path, to string) error {
	info, err := os.Stat(path)
	if err != nil || os.Geteuid() != 0 {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	return os.Chown(to, int(owner.Uid), int(owner.Gid))
}

func removeFiles(path string) error {
	var errs []error
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// copyState copies a file, with what the journal has besides, and brings it to the present
// schema.
func copyState(ctx context.Context, path, to string) error {
	if err := removeFiles(to); err != nil {
		return err
	}
	from, err := readOnly(path)
	if err != nil {
		return err
	}
	_, err = from.ExecContext(ctx, "VACUUM INTO ?", to)
	if err = errors.Join(err, from.Close()); err != nil {
		return fmt.Errorf("copying the state: %w", err)
	}
	db, err := connect(to, "_pragma=synchronous(OFF)")
	if err != nil {
		return err
	}
	defer db.Close()
	if err := migrate(ctx, db); err != nil {
		return err
	}
	at, err := position(ctx, db)
	if err != nil {
		return err
	}
	return inTransaction(ctx, db, func(tx *sql.Tx) error {
		w := newWriter(tx)
		for r, err := range journal.Records(journalDir(path), at) {
			if err != nil {
				return err
			}
			if err := w.record(ctx, r.Payload); err != nil {
				return err
			}
		}
		return nil
	})
}

func inTransaction(ctx context.Context, db *sql.DB, f func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after Commit
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// convert writes what a file of the present schema has as an older one.
func convert(ctx context.Context, path string, schema int, to string) (e Exported, err error) {
	from, err := connect(path, "mode=ro")
	if err != nil {
		return Exported{}, err
	}
	defer from.Close()
	db, err := connect(to, "_pragma=synchronous(FULL)")
	if err != nil {
		return Exported{}, err
	}
	err = inTransaction(ctx, db, func(tx *sql.Tx) error {
		for step := range schema {
			if err := ladder[step](ctx, tx); err != nil {
				return err
			}
		}
		x := &exporter{ctx: ctx, from: from, to: tx, schema: schema}
		x.all()
		e = x.Exported
		_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", schema))
		return errors.Join(x.err, err)
	})
	return e, errors.Join(err, db.Close())
}

// An exporter copies tables until one cannot be copied.
type exporter struct {
	ctx    context.Context
	from   *sql.DB
	to     *sql.Tx
	schema int
	err    error
	Exported
	persons int // whose revocations are left out
}

func (x *exporter) all() {
	export(x, "sessions", record.DecodeValue, x.session)
	export(x, "assignments", record.DecodeValue, func(v *moderation.Assignment) {
		x.insert(!v.Gone, v, "INSERT INTO givens (value, room, jid) VALUES (?, ?, ?)", v.Room, v.JID)
	})
	export(x, "rooms", record.DecodeValue, func(v *moderation.Room) {
		x.insert(!v.Gone, v, "INSERT INTO rooms (value, jid) VALUES (?, ?)", v.JID)
	})
	export(x, "revocations", record.DecodeValue, x.revocation)
	export(x, "lobby_entries", record.DecodeValue, func(v *lobby.Entry) {
		x.insert(!v.Gone, v, "INSERT INTO lobby_entries (value, jid, room) VALUES (?, ?, ?)", v.JID, v.Room)
	})
	export(x, "lobby_verdicts", record.DecodeValue, func(v *lobby.Verdict) {
		x.insert(!v.Gone, v, "INSERT INTO lobby_verdicts (value, room, jid) VALUES (?, ?, ?)", v.Room, v.JID)
	})
	if x.schema >= 3 {
		export(x, "streams", record.DecodeValue, func(v *streams.Stream) {
			x.insert(true, v, "INSERT INTO streams (value, print) VALUES (?, ?)", v.Print)
		})
		export(x, "occupants", record.DecodeValue, func(v *occupancy.Occupant) {
			x.insert(true, v, "INSERT INTO occupants (value, room, jid) VALUES (?, ?, ?)", v.Room, v.JID)
		})
		x.copySecrets()
	} else {
		x.Left = append(x.Left, "which streams can be resumed: people log in again when their connection breaks")
	}
	if x.persons > 0 {
		x.Left = append(x.Left, fmt.Sprintf("%d revocations of persons, as schema 1 knows tokens only: these people "+
			"come in again with the tokens that they have", x.persons))
	}
}

// export calls put with each value of a table.
func export[T any](x *exporter, table string, d decode[T], put func(*T)) {
	for v, err := range values(x.ctx, x.from, table, d) {
		if err != nil && x.err == nil {
			x.err = err
		}
		if x.err != nil {
			return
		}
		put(&v)
	}
}

// insert writes a value, whose place is the first of a statement.
func (x *exporter) insert(known bool, v any, statement string, key ...any) bool {
	if !known || x.err != nil {
		return false
	}
	b, err := json.Marshal(v)
	if err == nil {
		_, err = x.to.ExecContext(x.ctx, statement, append([]any{string(b)}, key...)...)
	}
	x.err = err
	return err == nil
}

func (x *exporter) session(v *moderation.Session) {
	if last := time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC); v.Expires.After(last) {
		v.Expires = last // JSON has no later year
	}
	var put bool
	if x.schema == 1 {
		put = x.insert(true, v, "INSERT INTO grants (value, id) VALUES (?, ?)", v.ID.String())
	} else {
		put = x.insert(true, v, "INSERT INTO grants (value, id, logged_in) VALUES (?, ?, ?)", v.ID.String(),
			stamp(v.LoggedIn))
	}
	if put {
		x.Sessions++
	}
}

func (x *exporter) revocation(v *moderation.Revocation) {
	p := v.Principal()
	var put bool
	switch {
	case !v.InForce():
		return
	case x.schema > 1:
		put = x.insert(true, v, "INSERT INTO revocations (value, host, issuer, user, token) VALUES (?, ?, ?, ?, ?)",
			p.Host, p.Issuer, p.User, p.Token)
	case p.Token == "":
		x.persons++
		return
	default:
		old := struct {
			TokenPrint, JID string
			Until           time.Time
		}{TokenPrint: v.TokenPrint, Until: v.Expires}
		if len(v.Accounts) > 0 {
			old.JID = v.Accounts[0]
		}
		put = x.insert(true, old, "INSERT INTO revocations (value, token) VALUES (?, ?)", v.TokenPrint)
	}
	if put {
		x.Revocations++
	}
}

// copySecrets copies what is no value of a record.
func (x *exporter) copySecrets() {
	if x.err != nil {
		return
	}
	rows, err := x.from.QueryContext(x.ctx, "SELECT name, value FROM secrets")
	if err != nil {
		x.err = err
		return
	}
	defer rows.Close()
	for rows.Next() {
		var name, value string
		if x.err = rows.Scan(&name, &value); x.err != nil {
			return
		}
		if _, x.err = x.to.ExecContext(x.ctx, putSecret, name, value); x.err != nil {
			return
		}
	}
	x.err = rows.Err()
}
