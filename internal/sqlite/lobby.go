package sqlite

import "usher/lobby"

const (
	putEntry = "INSERT INTO lobby_entries (jid, room, value) VALUES (?, ?, ?) ON CONFLICT (jid, room) DO " +
		"UPDATE SET value = excluded.value"
	deleteEntry = "DELETE FROM lobby_entries WHERE jid = ? AND room = ?"
	putVerdict  = "INSERT INTO lobby_verdicts (room, jid, value) VALUES (?, ?, ?) ON CONFLICT (room, jid) DO " +
		"UPDATE SET value = excluded.value"
	deleteVerdict = "DELETE FROM lobby_verdicts WHERE room = ? AND jid = ?"
)

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
