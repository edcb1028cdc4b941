package moderation

import "slices"

// A Reason says why a join was allowed or refused: the same word in the log,
// in the metric label and in an explanation.
type Reason string

// The reasons. Those of the first group allow.
const (
	ReasonToken          Reason = "token"           // a session's token opens the room
	ReasonServiceAccount Reason = "service_account" // configured, always let in
	ReasonGuest          Reason = "guest"           // of a guests' host, in a room that was started
	ReasonWhitelist      Reason = "whitelist"       // on the lobby's whitelist
	ReasonAdmitted       Reason = "admitted"        // knocked, and was let in

	ReasonStranger         Reason = "stranger"          // of a host that has no say here
	ReasonUnknownRoom      Reason = "unknown_room"      // not of a configured MUC component
	ReasonNoSession        Reason = "no_session"        // no login with a token, or it was revoked
	ReasonSessionEnded     Reason = "session_ended"     // the token has expired, or was not used for too long
	ReasonKeyRemoved       Reason = "key_removed"       // the token's key has gone
	ReasonRoomMismatch     Reason = "room_mismatch"     // the token is for other rooms
	ReasonRoomSpelling     Reason = "room_spelling"     // no room can be called by what the token names
	ReasonTenantMismatch   Reason = "tenant_mismatch"   // the token is for another tenant
	ReasonLobby            Reason = "lobby"             // waits until it is admitted
	ReasonLobbyDenied      Reason = "lobby_denied"      // knocked, and was denied
	ReasonNotStarted       Reason = "not_started"       // a guest, before any token holder
	ReasonBreakoutUnknown  Reason = "breakout_unknown"  // the main room of a breakout room cannot be told
	ReasonCreatedTwice     Reason = "created_twice"     // two made the room at the same moment: this one tries again
	ReasonMalformedRequest Reason = "malformed_request" // Prosody's request could not be read
	ReasonStateUnavailable Reason = "state_unavailable" // cannot decide: what was kept is not there
	ReasonInternalError    Reason = "internal_error"    // cannot decide: a fault of our own
)

// AllowReasons and DenyReasons return the closed lists; UndecidedReasons those
// that mean "cannot decide".
func AllowReasons() []Reason {
	return []Reason{ReasonToken, ReasonServiceAccount, ReasonGuest, ReasonWhitelist, ReasonAdmitted}
}

// DenyReasons are those for which the answer is no.
func DenyReasons() []Reason {
	return []Reason{ReasonStranger, ReasonUnknownRoom, ReasonNoSession, ReasonSessionEnded, ReasonKeyRemoved,
		ReasonRoomMismatch, ReasonRoomSpelling, ReasonTenantMismatch, ReasonLobby, ReasonLobbyDenied, ReasonNotStarted,
		ReasonBreakoutUnknown, ReasonCreatedTwice, ReasonMalformedRequest}
}

// UndecidedReasons are those for which there could be no answer.
func UndecidedReasons() []Reason { return []Reason{ReasonStateUnavailable, ReasonInternalError} }

// Undecided reports whether the reason means "cannot decide", which is no answer.
func (r Reason) Undecided() bool { return slices.Contains(UndecidedReasons(), r) }

// clientTexts is what a person may know of a refusal, and can do about it. There is
// no apostrophe in them, which Jitsi shows as &#39;.
var clientTexts = map[Reason]string{
	ReasonStranger:         "Accounts of your server may not join here. Log in with a link to this room.",
	ReasonUnknownRoom:      "There are no rooms at this address. Look at the address of your link again.",
	ReasonNoSession:        "You are not logged in with a token any more. Open your link again.",
	ReasonSessionEnded:     "Your login has ended. Open your link again, or ask for a new one.",
	ReasonKeyRemoved:       "Your login is not valid any more. Ask for a new link.",
	ReasonRoomMismatch:     "Your link is for another room. Look at its address again, or ask for a link to this room.",
	ReasonRoomSpelling:     "Your link names a room in a way that opens none. Ask for a new link.",
	ReasonTenantMismatch:   "Your link is for rooms of others. Look at its address again, or ask for a link to this room.",
	ReasonLobby:            "You are in the lobby. Wait until a moderator lets you in.",
	ReasonLobbyDenied:      "A moderator did not let you in. Ask the moderator for a link to this room.",
	ReasonNotStarted:       "The meeting has not started yet. Try again in a minute.",
	ReasonBreakoutUnknown:  "This breakout room cannot be joined by itself. Join its main room first.",
	ReasonCreatedTwice:     "Somebody else opened this room at the same moment. Try again.",
	ReasonMalformedRequest: "The join could not be read. Open your link again, or update your app.",
	ReasonStateUnavailable: "Rooms are not ready yet. Try again in a minute.",
	ReasonInternalError:    "Joins cannot be decided at the moment. Try again in a minute.",
}

// ClientText returns what the client may see, in English: why it was not let
// in, and what a person can do about it. It is empty for a reason that allows.
func (r Reason) ClientText() string { return clientTexts[r] }
