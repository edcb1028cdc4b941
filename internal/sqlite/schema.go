package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"usher/moderation"
)

// ladder is the way from an empty file to the present schema: the step at i leads
// to schema i + 1 (PRAGMA user_version). An usher refuses a file of a schema that
// it does not know: it would overlook what is kept there, or in the journal, and first of all who is
// revoked.
var ladder = [...]func(context.Context, *sql.Tx) error{firstTables, principals, streamTables, journalTables}

// migrate brings a file to the present schema, one step after the other, each
// wholly or not at all.
func migrate(ctx context.Context, db *sql.DB) error {
	var version int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return fmt.Errorf("%w; if the file is damaged, move it away: people then have to log in again", err)
	}
	if version > len(ladder) {
		return fmt.Errorf("it was written by a newer usher (schema %d, this one knows %d)", version, len(ladder))
	}
	if version == 1 {
		version = 0 // the first step only makes what is missing, and tables came to it in time
	}
	for ; version < len(ladder); version++ {
		if err := climb(ctx, db, version); err != nil {
			return fmt.Errorf("bringing it to schema %d: %w", version+1, err)
		}
	}
	return nil
}

func climb(ctx context.Context, db *sql.DB, step int) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after Commit
	if err := ladder[step](ctx, tx); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", step+1)); err != nil {
		return err
	}
	return tx.Commit()
}

func firstTables(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `
		CREATE TABLE IF NOT EXISTS grants (id TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
		CREATE TABLE IF NOT EXISTS givens (room TEXT, jid TEXT, value TEXT NOT NULL, PRIMARY KEY (room, jid)) WITHOUT ROWID;
		CREATE TABLE IF NOT EXISTS rooms (jid TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
		CREATE TABLE IF NOT EXISTS revocations (token TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
		CREATE TABLE IF NOT EXISTS lobby_entries (jid TEXT, room TEXT, value TEXT NOT NULL, PRIMARY KEY (jid, room)) WITHOUT ROWID;
		CREATE TABLE IF NOT EXISTS lobby_verdicts (room TEXT, jid TEXT, value TEXT NOT NULL, PRIMARY KEY (room, jid)) WITHOUT ROWID;`)
	return err
}

// principals makes revocations be of principals, not of tokens alone, and lets a
// session be told from a later one under the same ID. The tokens that were
// revoked stay so.
func principals(ctx context.Context, tx *sql.Tx) error {
	var revoked []struct {
		TokenPrint, JID string
		Until           time.Time
	}
	if err := load(ctx, tx, "revocations", fromJSON, &revoked); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `
		ALTER TABLE grants ADD COLUMN logged_in INTEGER NOT NULL DEFAULT 0;
		DROP TABLE revocations;
		CREATE TABLE revocations (host TEXT, issuer TEXT, user TEXT, token TEXT, value TEXT NOT NULL, PRIMARY KEY (host, issuer, user, token)) WITHOUT ROWID;`)
	if err != nil {
		return err
	}
	now := time.Now().UTC()
	for _, old := range revoked {
		v := moderation.Revocation{TokenPrint: old.TokenPrint, At: now, Expires: old.Until}
		if old.JID != "" {
			v.Accounts = []string{old.JID}
		}
		text, err := json.Marshal(v)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, putRevocation, "", "", "", v.TokenPrint, string(text)); err != nil {
			return err
		}
	}
	return nil
}

// streamTables are for streams that can be resumed, for whom the gateway saw in rooms, and for
// secrets of our own.
func streamTables(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `
		CREATE TABLE streams (print TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
		CREATE TABLE occupants (room TEXT, jid TEXT, value TEXT NOT NULL, PRIMARY KEY (room, jid)) WITHOUT ROWID;
		CREATE TABLE secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;`)
	return err
}

// fromJSON reads a value as the schemas before 4 have it.
func fromJSON[T any](b []byte, v *T) error { return json.Unmarshal(b, v) }
