package sqlite

import (
	"context"
	"fmt"

	"usher/lobby"
)

const (
	putEntry = "INSERT INTO lobby_entries (jid, room, value) VALUES (?, ?, ?) ON CONFLICT (jid, room) DO " +
		"UPDATE SET value = excluded.value"
	deleteEntry = "DELETE FROM lobby_entries WHERE jid = ? AND room = ?"
	putVerdict  = "INSERT INTO lobby_verdicts (room, jid, value) VALUES (?, ?, ?) ON CONFLICT (room, jid) DO " +
		"UPDATE SET value = excluded.value"
	deleteVerdict = "DELETE FROM lobby_verdicts WHERE room = ? AND jid = ?"
)

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

func lobbyStatement(c lobby.Change) (st statement, value any) {
	switch {
	case c.PutEntry != nil:
		return statement{putEntry, []any{c.PutEntry.JID, c.PutEntry.Room}}, c.PutEntry
	case c.DeleteEntry != nil:
		return statement{deleteEntry, []any{c.DeleteEntry.JID, c.DeleteEntry.Room}}, nil
	case c.PutVerdict != nil:
		return statement{putVerdict, []any{c.PutVerdict.Room, c.PutVerdict.JID}}, c.PutVerdict
	}
	return statement{deleteVerdict, []any{c.DeleteVerdict.Room, c.DeleteVerdict.JID}}, nil
}
