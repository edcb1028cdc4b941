package sqlite

import (
	"time"

	"usher/internal/record"
	"usher/lobby"
	"usher/moderation/occupancy"
	"usher/moderation/sessions"
	"usher/moderation/streams"
)

// A statement is one change as SQL.
type statement struct {
	text string
	args []any
}

const (
	putSession = "INSERT INTO sessions (id, logged_in, value) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET " +
		"logged_in = excluded.logged_in, value = excluded.value WHERE excluded.logged_in >= logged_in"
	deleteSession = "DELETE FROM sessions WHERE id = ? AND logged_in <= ?"
	putAssignment = "INSERT INTO assignments (room, jid, value) VALUES (?, ?, ?) ON CONFLICT (room, jid) DO UPDATE " +
		"SET value = excluded.value"
	deleteAssignment = "DELETE FROM assignments WHERE room = ? AND jid = ?"
	putRoom          = "INSERT INTO rooms (jid, began, value) VALUES (?, ?, ?) ON CONFLICT (jid) DO UPDATE SET " +
		"began = excluded.began, value = excluded.value"
	deleteRoom    = "DELETE FROM rooms WHERE jid = ? AND began = ?"
	putRevocation = "INSERT INTO revocations (host, issuer, user, token, value) VALUES (?, ?, ?, ?, ?) ON " +
		"CONFLICT (host, issuer, user, token) DO UPDATE SET value = excluded.value"
	deleteRevocation = "DELETE FROM revocations WHERE host = ? AND issuer = ? AND user = ? AND token = ?"

	putEntry = "INSERT INTO lobby_entries (jid, room, value) VALUES (?, ?, ?) ON CONFLICT (jid, room) DO " +
		"UPDATE SET value = excluded.value"
	deleteEntry = "DELETE FROM lobby_entries WHERE jid = ? AND room = ?"
	putVerdict  = "INSERT INTO lobby_verdicts (room, jid, value) VALUES (?, ?, ?) ON CONFLICT (room, jid) DO " +
		"UPDATE SET value = excluded.value"
	deleteVerdict = "DELETE FROM lobby_verdicts WHERE room = ? AND jid = ?"

	putStream = "INSERT INTO streams (print, value) VALUES (?, ?) ON CONFLICT (print) DO UPDATE SET value = " +
		"excluded.value"
	deleteStream = "DELETE FROM streams WHERE print = ?"
	putOccupant  = "INSERT INTO occupants (room, jid, value) VALUES (?, ?, ?) ON CONFLICT (room, jid) DO UPDATE " +
		"SET value = excluded.value"
	deleteOccupant = "DELETE FROM occupants WHERE room = ? AND jid = ?"

	notePosition = "UPDATE journal SET segment = ?, offset = ?"
)

// statementOf is a change of a record.
func statementOf(c record.Change) statement {
	switch {
	case c.Session != nil:
		return sessionStatement(c.Session, c.Value)
	case c.Lobby != nil:
		return lobbyStatement(c.Lobby, c.Value)
	case c.Stream != nil:
		return streamStatement(c.Stream, c.Value)
	}
	return occupantStatement(c.Occupant, c.Value)
}

func sessionStatement(c *sessions.Change, value []byte) statement {
	switch {
	case c.PutSession != nil:
		return statement{putSession, []any{c.PutSession.ID[:], stamp(c.PutSession.LoggedIn), value}}
	case c.DeleteSession != nil:
		return statement{deleteSession, []any{c.DeleteSession.ID[:], stamp(c.DeleteSession.LoggedIn)}}
	case c.PutAssignment != nil:
		return statement{putAssignment, []any{c.PutAssignment.Room, c.PutAssignment.JID, value}}
	case c.DeleteAssignment != nil:
		return statement{deleteAssignment, []any{c.DeleteAssignment.Room, c.DeleteAssignment.JID}}
	case c.PutRoom != nil:
		return statement{putRoom, []any{c.PutRoom.JID, c.PutRoom.Began, value}}
	case c.PutRevocation != nil:
		p := c.PutRevocation.Principal()
		return statement{putRevocation, []any{p.Host, p.Issuer, p.User, p.Token, value}}
	case c.DeleteRevocation != nil:
		p := c.DeleteRevocation
		return statement{deleteRevocation, []any{p.Host, p.Issuer, p.User, p.Token}}
	}
	return statement{deleteRoom, []any{c.DeleteRoom.JID, c.DeleteRoom.Began}}
}

func lobbyStatement(c *lobby.Change, value []byte) statement {
	switch {
	case c.PutEntry != nil:
		return statement{putEntry, []any{c.PutEntry.JID, c.PutEntry.Room, value}}
	case c.DeleteEntry != nil:
		return statement{deleteEntry, []any{c.DeleteEntry.JID, c.DeleteEntry.Room}}
	case c.PutVerdict != nil:
		return statement{putVerdict, []any{c.PutVerdict.Room, c.PutVerdict.JID, value}}
	}
	return statement{deleteVerdict, []any{c.DeleteVerdict.Room, c.DeleteVerdict.JID}}
}

func streamStatement(c *streams.Change, value []byte) statement {
	if c.Put != nil {
		return statement{putStream, []any{c.Put.Print, value}}
	}
	return statement{deleteStream, []any{c.Delete}}
}

func occupantStatement(c *occupancy.Change, value []byte) statement {
	if c.Put != nil {
		return statement{putOccupant, []any{c.Put.Room, c.Put.JID, value}}
	}
	return statement{deleteOccupant, []any{c.Delete.Room, c.Delete.JID}}
}

// stamp is a time as a number that orders.
func stamp(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}
