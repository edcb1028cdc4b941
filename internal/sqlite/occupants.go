package sqlite

import (
	"context"
	"fmt"

	"usher/moderation/occupancy"
)

const (
	putOccupant = "INSERT INTO occupants (room, jid, value) VALUES (?, ?, ?) ON CONFLICT (room, jid) DO UPDATE " +
		"SET value = excluded.value"
	deleteOccupant = "DELETE FROM occupants WHERE room = ? AND jid = ?"
)

// LoadOccupants reads whom the gateway saw in rooms.
func (s *Store) LoadOccupants(ctx context.Context) ([]occupancy.Occupant, error) {
	var list []occupancy.Occupant
	if err := load(ctx, s.db, "occupants", &list); err != nil {
		return nil, fmt.Errorf("state %s: %w", s.path, err)
	}
	return list, nil
}

// ApplyOccupants waits until the changes are written, or ctx ends.
func (s *Store) ApplyOccupants(ctx context.Context, changes ...occupancy.Change) error {
	statements := make([]statement, 0, len(changes))
	for _, c := range changes {
		st, err := withValue(occupantStatement(c))
		if err != nil {
			return err
		}
		statements = append(statements, st)
	}
	return s.submit(ctx, statements)
}

func occupantStatement(c occupancy.Change) (st statement, value any) {
	if c.Put != nil {
		return statement{putOccupant, []any{c.Put.Room, c.Put.JID}}, c.Put
	}
	return statement{deleteOccupant, []any{c.Delete.Room, c.Delete.JID}}, nil
}
