package moderation

import "usher/internal/text"

// Help returns what an operator is told of the reason, or nothing if it is none of
// the lists.
func (r Reason) Help() text.Help { return reasonHelp[r] }

// reasonHelp is beside the lists of the reasons; a test of docs looks for each.
var reasonHelp = map[Reason]text.Help{
	ReasonToken:          {Meaning: "a session's token opens the room"},
	ReasonServiceAccount: {Meaning: "one of `service_accounts`"},
	ReasonGuest:          {Meaning: "a guest, in a room that a token holder has started"},
	ReasonWhitelist:      {Meaning: "on the lobby's whitelist"},
	ReasonAdmitted:       {Meaning: "waited, and was let in"},

	ReasonStranger: {
		Meaning: "an account of a host that may not join this room",
		Cause:   "an account of another server, or of a host of this one that is neither the room's nor under `guests`",
		Mend:    "add the host to `guests`, or the account to the whitelist or `service_accounts`",
	},
	ReasonUnknownRoom: {
		Meaning: "the room is of no component under `muc` or `breakout`",
		Cause:   "a component that is in Prosody's configuration alone",
		Mend:    "add the component, or take `muc_http_auth` out of it in Prosody",
	},
	ReasonNoSession: {
		Meaning: "the account has no login with a token, or it was revoked",
		Cause:   "a login that usher was not asked about, a state that was lost, or `usher sessions revoke`",
		Mend:    "log in; `usher sessions list --revoked` shows what was revoked",
	},
	ReasonSessionEnded: {
		Meaning: "the token is over, or was not used for `moderation.idle`",
		Cause:   "a client that stays connected after the end of its token",
		Mend:    "ask for a new link",
	},
	ReasonKeyRemoved: {
		Meaning: "the token's key is gone",
		Cause:   "a secret or key that was taken out of the configuration, or that its server publishes no more",
		Mend:    "ask for a new link, or give the issuer the key back",
	},
	ReasonRoomMismatch: {
		Meaning: "the token is for other rooms",
		Cause:   "a link to one room that is used for another, or a room that the issuer's `rooms` do not have",
		Mend: "ask for a link to this room, or add it to the issuer's `rooms`: " +
			"[rooms.md](rooms.md#which-rooms-a-token-opens)",
	},
	ReasonRoomSpelling: {
		Meaning: "no room can be called what the token names",
		Cause:   "an application that writes a link, or a name that Jitsi changes, into `room`",
		Mend:    "`usher token explain` says what to write",
	},
	ReasonTenantMismatch: {
		Meaning: "the token is for another tenant",
		Cause:   "`sub` names another tenant than the room's address, or the issuer's `tenants` do",
		Mend: "have the application write the room's tenant or `*` into `sub`, or add the tenant to the issuer's " +
			"`tenants`: [rooms.md](rooms.md#tenants)",
	},
	ReasonLobby: {
		Meaning: "the account waits until a moderator or an operator lets it in",
		Cause:   "the room's lobby is on",
		Mend:    "`usher lobby admit`",
	},
	ReasonLobbyDenied: {
		Meaning: "the account waited, and was denied",
		Cause:   "a moderator's or an operator's decision",
		Mend:    "`usher lobby admit`",
	},
	ReasonNotStarted: {
		Meaning: "a guest, before any token holder",
		Cause:   "nobody with a token has been in the room yet",
		Mend:    "wait for a token holder",
	},
	ReasonBreakoutUnknown: {
		Meaning: "the main room of a breakout room cannot be told",
		Cause:   "a breakout room that is joined by itself, or usher's component is away",
		Mend:    "join the main room first; if that does not help, `usher status` says whether the component is connected",
	},
	ReasonCreatedTwice: {
		Meaning: "two made the room at the same moment",
		Cause:   "two people opened the link at once",
		Mend:    "the client tries again",
	},
	ReasonMalformedRequest: {
		Meaning: "Prosody's question could not be read",
		Cause:   "another program or module asks, or another version of one",
		Mend:    "look at what asks `/muc/join`",
	},
	ReasonStateUnavailable: {
		Meaning: "not decided: what was kept is not there",
		Cause:   "usher has just started and loads the sessions, or the file under `state` cannot be read or written",
		Mend:    "the client tries again; `usher status` says how far the start is, and the log has the error",
	},
	ReasonInternalError: {
		Meaning: "not decided: a fault of usher",
		Cause:   "its code panicked, and the join was refused",
		Mend:    "the log has it; please report it",
	},
}
