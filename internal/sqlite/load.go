package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"slices"

	"usher/auth"
	"usher/internal/journal"
	"usher/internal/record"
	"usher/lobby"
	"usher/moderation"
	"usher/moderation/occupancy"
	"usher/moderation/streams"
)

// readTail reads the changes of revocations that the file does not have yet.
func (s *Store) readTail(applied journal.Position) error {
	if s.journal.Found().Records == 0 {
		return nil
	}
	for r, err := range s.journal.Read(applied) {
		if err != nil {
			return err
		}
		for c, err := range record.Revocations(r.Payload) {
			if err != nil {
				return err
			}
			s.tail = append(s.tail, c)
		}
	}
	return nil
}

// LoadRevocations reads every revocation that was there when the store was opened, and nothing
// else. It does not wait until the file has what the journal had.
func (s *Store) LoadRevocations(ctx context.Context) ([]moderation.Revocation, error) {
	var list []moderation.Revocation
	if err := load(ctx, s.db, "revocations", record.DecodeValue, &list); err != nil {
		return nil, s.wrap(err)
	}
	if len(s.tail) == 0 {
		return list, nil
	}
	// What the file has meanwhile is in it as well: once more changes nothing.
	last := make(map[auth.Principal]*moderation.Revocation, len(s.tail)) // nil: it is gone
	for _, c := range s.tail {
		if c.PutRevocation != nil {
			last[c.PutRevocation.Principal()] = c.PutRevocation
		} else {
			last[*c.DeleteRevocation] = nil
		}
	}
	list = slices.DeleteFunc(list, func(v moderation.Revocation) bool {
		_, another := last[v.Principal()]
		return another
	})
	for _, v := range last {
		if v != nil {
			list = append(list, *v)
		}
	}
	return list, nil
}

// LoadRooms reads the rooms, and what was given there, once the file has what the journal had.
func (s *Store) LoadRooms(ctx context.Context) ([]moderation.Room, []moderation.Assignment, error) {
	var rooms []moderation.Room
	var given []moderation.Assignment
	if err := s.flush(ctx); err != nil {
		return nil, nil, err
	}
	err := load(ctx, s.db, "rooms", record.DecodeValue, &rooms)
	if err == nil {
		err = load(ctx, s.db, "assignments", record.DecodeValue, &given)
	}
	if err != nil {
		return nil, nil, s.wrap(err)
	}
	return rooms, given, nil
}

const newestFirst = "sessions ORDER BY logged_in DESC"

// Sessions yields the sessions, the newest login first, once the file has what the journal had.
func (s *Store) Sessions(ctx context.Context) iter.Seq2[moderation.Session, error] {
	return func(yield func(moderation.Session, error) bool) {
		if err := s.flush(ctx); err != nil {
			yield(moderation.Session{}, err)
			return
		}
		for g, err := range values(ctx, s.db, newestFirst, record.DecodeValue[*moderation.Session]) {
			if err != nil {
				yield(moderation.Session{}, s.wrap(err))
				return
			}
			if !yield(g, nil) {
				return
			}
		}
	}
}

// LoadLobby reads everything of the lobby, once the file has what the journal had.
func (s *Store) LoadLobby(ctx context.Context) (lobby.State, error) {
	var state lobby.State
	if err := s.flush(ctx); err != nil {
		return lobby.State{}, err
	}
	err := load(ctx, s.db, "lobby_entries", record.DecodeValue, &state.Entries)
	if err == nil {
		err = load(ctx, s.db, "lobby_verdicts", record.DecodeValue, &state.Verdicts)
	}
	if err != nil {
		return lobby.State{}, s.wrap(err)
	}
	return state, nil
}

// LoadStreams reads the streams that could be resumed, once the file has what the journal had.
func (s *Store) LoadStreams(ctx context.Context) ([]streams.Stream, error) {
	var list []streams.Stream
	if err := s.flush(ctx); err != nil {
		return nil, err
	}
	if err := load(ctx, s.db, "streams", record.DecodeValue, &list); err != nil {
		return nil, s.wrap(err)
	}
	return list, nil
}

// LoadOccupants reads whom the gateway saw in rooms, once the file has what the journal had.
func (s *Store) LoadOccupants(ctx context.Context) ([]occupancy.Occupant, error) {
	var list []occupancy.Occupant
	if err := s.flush(ctx); err != nil {
		return nil, err
	}
	if err := load(ctx, s.db, "occupants", record.DecodeValue, &list); err != nil {
		return nil, s.wrap(err)
	}
	return list, nil
}

// A queryer is a *sql.DB or a *sql.Tx.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// A decode reads the value of a row.
type decode[T any] func(b []byte, v *T) error

func load[T any](ctx context.Context, db queryer, table string, d decode[T], to *[]T) error {
	n := 0 // growing the list would cost more than counting
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		return err
	}
	*to = slices.Grow(*to, n)
	for v, err := range values(ctx, db, table, d) {
		if err != nil {
			return err
		}
		*to = append(*to, v)
	}
	return nil
}

// values yields the values of a table's rows; an error is the last.
func values[T any](ctx context.Context, db queryer, table string, d decode[T]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		rows, err := db.QueryContext(ctx, "SELECT value FROM "+table)
		if err != nil {
			yield(none, err)
			return
		}
		defer rows.Close()
		var v T // one for all rows, as it is handed on by its address
		var b sql.RawBytes
		for rows.Next() {
			v = none
			err := rows.Scan(&b)
			if err == nil {
				err = d(b, &v)
			}
			if err != nil {
				yield(none, fmt.Errorf("a row of %s: %w", table, err))
				return
			}
			if !yield(v, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(none, err)
		}
	}
}

// position is how far the file has the journal.
func position(ctx context.Context, db queryer) (p journal.Position, err error) {
	var segment int64
	if err := db.QueryRowContext(ctx, "SELECT segment, offset FROM journal").Scan(&segment, &p.Offset); err != nil {
		return journal.Position{}, fmt.Errorf("how far it has the journal: %w", err)
	}
	p.Segment = uint64(segment)
	return p, nil
}
