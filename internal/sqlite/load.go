package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"iter"

	"usher/moderation"
)

// LoadRevocations reads every revocation, and nothing else.
func (s *Store) LoadRevocations(ctx context.Context) ([]moderation.Revocation, error) {
	var list []moderation.Revocation
	if err := load(ctx, s.db, "revocations", &list); err != nil {
		return nil, fmt.Errorf("state %s: %w", s.path, err)
	}
	return list, nil
}

// LoadRooms reads the rooms, and what was given there.
func (s *Store) LoadRooms(ctx context.Context) ([]moderation.Room, []moderation.Assignment, error) {
	var rooms []moderation.Room
	var given []moderation.Assignment
	err := load(ctx, s.db, "rooms", &rooms)
	if err == nil {
		err = load(ctx, s.db, "givens", &given)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("state %s: %w", s.path, err)
	}
	return rooms, given, nil
}

// Sessions yields the sessions, the newest login first.
func (s *Store) Sessions(ctx context.Context) iter.Seq2[moderation.Session, error] {
	return func(yield func(moderation.Session, error) bool) {
		for g, err := range values[moderation.Session](ctx, s.db, "grants", " ORDER BY logged_in DESC") {
			if err != nil {
				yield(moderation.Session{}, fmt.Errorf("state %s: %w", s.path, err))
				return
			}
			if !yield(g, nil) {
				return
			}
		}
	}
}

// A queryer is a *sql.DB or a *sql.Tx.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func load[T any](ctx context.Context, db queryer, table string, to *[]T) error {
	for v, err := range values[T](ctx, db, table, "") {
		if err != nil {
			return err
		}
		*to = append(*to, v)
	}
	return nil
}

// values yields the values of a table's rows; an error is the last.
func values[T any](ctx context.Context, db queryer, table, order string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		rows, err := db.QueryContext(ctx, "SELECT value FROM "+table+order)
		if err != nil {
			yield(none, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			v, err := valueOf[T](rows)
			if err != nil {
				err = fmt.Errorf("a row of %s cannot be read: %w", table, err)
			}
			if !yield(v, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(none, err)
		}
	}
}

func valueOf[T any](rows *sql.Rows) (v T, err error) {
	var text []byte
	if err := rows.Scan(&text); err != nil {
		return v, err
	}
	return v, json.Unmarshal(text, &v)
}
