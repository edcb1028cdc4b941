package sqlite

import (
	"context"
	"fmt"

	"usher/moderation/streams"
)

const (
	putStream = "INSERT INTO streams (print, value) VALUES (?, ?) ON CONFLICT (print) DO UPDATE SET value = " +
		"excluded.value"
	deleteStream = "DELETE FROM streams WHERE print = ?"
)

// LoadStreams reads the streams that could be resumed.
func (s *Store) LoadStreams(ctx context.Context) ([]streams.Stream, error) {
	var list []streams.Stream
	if err := load(ctx, s.db, "streams", &list); err != nil {
		return nil, fmt.Errorf("state %s: %w", s.path, err)
	}
	return list, nil
}

// ApplyStreams waits until the changes are written, or ctx ends.
func (s *Store) ApplyStreams(ctx context.Context, changes ...streams.Change) error {
	statements := make([]statement, 0, len(changes))
	for _, c := range changes {
		st, err := withValue(streamStatement(c))
		if err != nil {
			return err
		}
		statements = append(statements, st)
	}
	return s.submit(ctx, statements)
}

func streamStatement(c streams.Change) (st statement, value any) {
	if c.Put != nil {
		return statement{putStream, []any{c.Put.Print}}, c.Put
	}
	return statement{deleteStream, []any{c.Delete}}, nil
}
