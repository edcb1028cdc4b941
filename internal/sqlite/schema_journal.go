package sqlite

import (
	"context"
	"database/sql"

	"usher/internal/record"
	"usher/lobby"
	"usher/moderation"
	"usher/moderation/occupancy"
	"usher/moderation/sessions"
	"usher/moderation/streams"
)

// presentTables are those of schema 4. The sessions are in the order in which they are loaded:
// beside an index, each would be looked for.
const presentTables = `
	CREATE TABLE sessions (logged_in INTEGER NOT NULL, id BLOB NOT NULL UNIQUE, value BLOB NOT NULL,
		PRIMARY KEY (logged_in, id)) WITHOUT ROWID;
	CREATE TABLE assignments (room TEXT, jid TEXT, value BLOB NOT NULL, PRIMARY KEY (room, jid)) WITHOUT ROWID;
	CREATE TABLE rooms (jid TEXT PRIMARY KEY, began INTEGER NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;
	CREATE TABLE revocations (host TEXT, issuer TEXT, user TEXT, token TEXT, value BLOB NOT NULL,
		PRIMARY KEY (host, issuer, user, token)) WITHOUT ROWID;
	CREATE TABLE lobby_entries (jid TEXT, room TEXT, value BLOB NOT NULL, PRIMARY KEY (jid, room)) WITHOUT ROWID;
	CREATE TABLE lobby_verdicts (room TEXT, jid TEXT, value BLOB NOT NULL, PRIMARY KEY (room, jid)) WITHOUT ROWID;
	CREATE TABLE streams (print TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
	CREATE TABLE occupants (room TEXT, jid TEXT, value BLOB NOT NULL, PRIMARY KEY (room, jid)) WITHOUT ROWID;
	CREATE TABLE journal (one INTEGER PRIMARY KEY CHECK (one = 1), segment INTEGER NOT NULL, offset INTEGER NOT NULL);
	INSERT INTO journal VALUES (1, 0, 0);`

// journalTables makes the file follow a journal, with values as that has them.
func journalTables(ctx context.Context, tx *sql.Tx) error {
	records, err := jsonRecords(ctx, tx)
	if err != nil {
		return err
	}
	for _, old := range []string{"grants", "givens", "rooms", "revocations", "lobby_entries", "lobby_verdicts",
		"streams", "occupants"} {
		if _, err := tx.ExecContext(ctx, "DROP TABLE "+old); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, presentTables); err != nil {
		return err
	}
	w := newWriter(tx)
	for _, b := range records {
		if err := w.record(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

// jsonRecords reads the tables of schema 3 as records that make them anew.
func jsonRecords(ctx context.Context, tx *sql.Tx) ([][]byte, error) {
	r := reader{ctx: ctx, tx: tx}
	readRows(&r, "grants", func(b []byte, v *moderation.Session) []byte {
		return record.AppendSessions(b, sessions.Change{PutSession: v})
	})
	readRows(&r, "givens", func(b []byte, v *moderation.Assignment) []byte {
		return record.AppendSessions(b, sessions.Change{PutAssignment: v})
	})
	readRows(&r, "rooms", func(b []byte, v *moderation.Room) []byte {
		return record.AppendSessions(b, sessions.Change{PutRoom: v})
	})
	readRows(&r, "revocations", func(b []byte, v *moderation.Revocation) []byte {
		return record.AppendSessions(b, sessions.Change{PutRevocation: v})
	})
	readRows(&r, "lobby_entries", func(b []byte, v *lobby.Entry) []byte {
		return record.AppendLobby(b, lobby.Change{PutEntry: v})
	})
	readRows(&r, "lobby_verdicts", func(b []byte, v *lobby.Verdict) []byte {
		return record.AppendLobby(b, lobby.Change{PutVerdict: v})
	})
	readRows(&r, "streams", func(b []byte, v *streams.Stream) []byte {
		return record.AppendStreams(b, streams.Change{Put: v})
	})
	readRows(&r, "occupants", func(b []byte, v *occupancy.Occupant) []byte {
		return record.AppendOccupants(b, occupancy.Change{Put: v})
	})
	return r.records, r.err
}

// A reader reads tables until one cannot be read.
type reader struct {
	ctx     context.Context
	tx      *sql.Tx
	records [][]byte
	err     error
}

func readRows[T any](r *reader, table string, encode func([]byte, *T) []byte) {
	if r.err != nil {
		return
	}
	for v, err := range values(r.ctx, r.tx, table, fromJSON[T]) {
		if err != nil {
			r.err = err
			return
		}
		r.records = append(r.records, encode(nil, &v))
	}
}
