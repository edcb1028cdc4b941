package swap

import "slices"

// A Code says why a stanza is refused. Codes stand in ids that outlive the process:
// each keeps its number for good.
type Code byte

// The codes. The first group is of joins.
const (
	Undecided       Code = iota + 1 // cannot decide: a fault of our own
	Stranger                        // an account of a host that has no say there
	UnknownRoom                     // no room of a listed domain
	NoSession                       // no login with a token, or it was revoked
	Expired                         // the login is over; a new one helps
	KeyRemoved                      // the token's key has gone
	RoomMismatch                    // the token is for other rooms
	RoomSpelling                    // no room can be called by what the token names
	TenantMismatch                  // the token is for another tenant
	Lobby                           // waits until it is admitted
	LobbyDenied                     // knocked, and was denied
	NotStarted                      // a guest, before any token holder
	BreakoutUnknown                 // the main room of a breakout room cannot be told
	CreatedTwice                    // two made the room at the same moment
	Malformed                       // the address, or what holds it, cannot be read
	NotAllowed                      // anything else

	ConferenceNotStarted // the request to jicofo of a guest, before any token holder
	Unavailable          // of a join: what was kept is not there
)

// The types of errors (RFC 6120 section 8.3.2).
const (
	cancel = "cancel"
	auth   = "auth"
)

// A row is what a client is told for one code.
type row struct {
	code      Code
	reason    string // of the join, in logs and metrics
	kind      string // of the error
	condition string // RFC 6120 section 8.3.3
	login     bool   // Jitsi's client offers a login
	text      string // for the person. Jitsi shows an apostrophe as &#39;: there are none
}

// rows is the one table. A join is never refused with auth/not-authorized, which
// clients read as "password required" (XEP-0045 section 7.2.6), nor with
// wait/service-unavailable, which means that the room is full.
var rows = [...]row{
	{Undecided, "internal_error", cancel, notAllowed, false,
		"Joins cannot be decided at the moment. Try again in a minute."},
	{Stranger, "stranger", cancel, notAllowed, false,
		"Accounts of your server may not join here. Log in with a link to this room."},
	{UnknownRoom, "unknown_room", cancel, notAllowed, false,
		"There are no rooms at this address. Look at the address of your link again."},
	{NoSession, "no_session", cancel, notAllowed, false,
		"You are not logged in with a token any more. Open your link again."},
	{Expired, "session_ended", cancel, notAllowed, true,
		"Your login has ended. Open your link again, or ask for a new one."},
	{KeyRemoved, "key_removed", cancel, notAllowed, false,
		"Your login is not valid any more. Ask for a new link."},
	{RoomMismatch, "room_mismatch", cancel, notAllowed, false,
		"Your link is for another room. Look at its address again, or ask for a link to this room."},
	{RoomSpelling, "room_spelling", cancel, notAllowed, false,
		"Your link names a room in a way that opens none. Ask for a new link."},
	{TenantMismatch, "tenant_mismatch", cancel, notAllowed, false,
		"Your link is for rooms of others. Look at its address again, or ask for a link to this room."},
	{Lobby, "lobby", cancel, notAllowed, false,
		"You are in the lobby. Wait until a moderator lets you in."},
	{LobbyDenied, "lobby_denied", cancel, notAllowed, false,
		"A moderator did not let you in. Ask the moderator for a link to this room."},
	{NotStarted, "not_started", cancel, notAllowed, false,
		"The meeting has not started yet. Try again in a minute."},
	{BreakoutUnknown, "breakout_unknown", cancel, notAllowed, false,
		"This breakout room cannot be joined by itself. Join its main room first."},
	{CreatedTwice, "created_twice", cancel, notAllowed, false,
		"Somebody else opened this room at the same moment. Try again."},
	{Malformed, "malformed_request", cancel, notAllowed, false,
		"The join could not be read. Open your link again, or update your app."},
	{NotAllowed, "", cancel, notAllowed, false,
		"This is not allowed here. Open your link again."},
	// Jitsi's client waits for the host, and tries again by itself.
	{ConferenceNotStarted, "", auth, "not-authorized", false,
		"The meeting has not started yet. Try again in a minute."},
	{Unavailable, "state_unavailable", cancel, notAllowed, false,
		"Rooms are not ready yet. Try again in a minute."},
}

const notAllowed = "not-allowed"

// lookUp finds the row of a code. Codes of a newer version are refusals, too.
func (c Code) lookUp() row {
	if i := slices.IndexFunc(rows[:], func(r row) bool { return r.code == c }); i >= 0 {
		return rows[i]
	}
	return NotAllowed.lookUp()
}

// Text returns what the person is told.
func (c Code) Text() string { return c.lookUp().text }

// ForJoin returns the code of a join that is refused for a reason of the closed
// list; login says that a new login would help.
func ForJoin(reason string, login bool) Code {
	if login {
		return Expired
	}
	i := slices.IndexFunc(rows[:], func(r row) bool { return r.reason == reason && reason != "" })
	if i < 0 {
		return NotAllowed
	}
	return rows[i].code
}
