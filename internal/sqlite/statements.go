package sqlite

import (
	"encoding/json"
	"fmt"
	"time"

	"usher/moderation/sessions"
)

// A statement is one change as SQL.
type statement struct {
	text string
	args []any
}

const (
	putGrant = "INSERT INTO grants (id, logged_in, value) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET " +
		"logged_in = excluded.logged_in, value = excluded.value WHERE excluded.logged_in >= logged_in"
	deleteGrant = "DELETE FROM grants WHERE id = ? AND logged_in <= ?"
	putGiven    = "INSERT INTO givens (room, jid, value) VALUES (?, ?, ?) ON CONFLICT (room, jid) DO UPDATE " +
		"SET value = excluded.value"
	deleteGiven = "DELETE FROM givens WHERE room = ? AND jid = ?"
	putRoom     = "INSERT INTO rooms (jid, value) VALUES (?, ?) ON CONFLICT (jid) DO UPDATE SET value = " +
		"excluded.value"
	// 0: of an usher that did not know it
	deleteRoom    = "DELETE FROM rooms WHERE jid = ? AND coalesce(json_extract(value, '$.Began'), 0) = ?"
	putRevocation = "INSERT INTO revocations (host, issuer, user, token, value) VALUES (?, ?, ?, ?, ?) ON " +
		"CONFLICT (host, issuer, user, token) DO UPDATE SET value = excluded.value"
	deleteRevocation = "DELETE FROM revocations WHERE host = ? AND issuer = ? AND user = ? AND token = ?"
)

func statementsOf(changes []sessions.Change) ([]statement, error) {
	list := make([]statement, 0, len(changes))
	for _, c := range changes {
		st, err := withValue(statementOf(c))
		if err != nil {
			return nil, err
		}
		list = append(list, st)
	}
	return list, nil
}

// withValue adds what is to be written in the last place, if there is anything.
func withValue(st statement, value any) (statement, error) {
	if value == nil {
		return st, nil
	}
	text, err := json.Marshal(value)
	if err != nil {
		return statement{}, fmt.Errorf("a change cannot be written: %w", err)
	}
	st.args = append(st.args, string(text))
	return st, nil
}

// statementOf also returns what is to be written in the last place.
func statementOf(c sessions.Change) (st statement, value any) {
	switch {
	case c.PutSession != nil:
		return statement{putGrant, []any{c.PutSession.ID.String(), stamp(c.PutSession.LoggedIn)}}, c.PutSession
	case c.DeleteSession != nil:
		return statement{deleteGrant, []any{c.DeleteSession.ID.String(), stamp(c.DeleteSession.LoggedIn)}}, nil
	case c.PutAssignment != nil:
		return statement{putGiven, []any{c.PutAssignment.Room, c.PutAssignment.JID}}, c.PutAssignment
	case c.DeleteAssignment != nil:
		return statement{deleteGiven, []any{c.DeleteAssignment.Room, c.DeleteAssignment.JID}}, nil
	case c.PutRoom != nil:
		return statement{putRoom, []any{c.PutRoom.JID}}, c.PutRoom
	case c.PutRevocation != nil:
		p := c.PutRevocation.Principal()
		return statement{putRevocation, []any{p.Host, p.Issuer, p.User, p.Token}}, c.PutRevocation
	case c.DeleteRevocation != nil:
		p := c.DeleteRevocation
		return statement{deleteRevocation, []any{p.Host, p.Issuer, p.User, p.Token}}, nil
	}
	return statement{deleteRoom, []any{c.DeleteRoom.JID, c.DeleteRoom.Began}}, nil
}

// stamp is a time as a number that orders.
func stamp(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}
