package moderation

import (
	"errors"

	"usher/auth"
	"usher/lobby"
)

// atLobby is the whole of the lobby's policy: what becomes of a decision by
// what the lists say of the account.
func atLobby(mode lobby.Mode, d Decision, on bool, list lobby.Standing, started bool) Decision {
	moderator := d.Session != nil && d.Affiliation == Owner
	switch {
	case moderator: // never locked out of its own lobby
		return d
	case list == lobby.Denied && (on || d.Session == nil):
		return Refuse(ReasonLobbyDenied, "a moderator or an operator denied it; usher lobby admit lets it in")
	case d.Session != nil && on && d.Session.LobbyBypass == auth.No && !list.Passes():
		return wait("the token says that its user waits (lobby_bypass)")
	case d.Session != nil:
		return asMember(mode, d, on)
	case d.Reason == ReasonGuest && on && !list.Passes():
		return wait("the room's lobby is on")
	case d.Reason == ReasonGuest && on:
		return asMember(mode, listed(list), on)
	case d.Reason == ReasonNotStarted && on && list.Passes(): // it is let in once the room is, and a member by then
		d.Listed = true
		return asMember(mode, d, on)
	case d.Reason == ReasonNotStarted && on:
		d.Knocks = true
		return d
	case d.Reason == ReasonStranger && list.Passes() && (started || list != lobby.ListedDomain):
		return asMember(mode, listed(list), on)
	}
	return d
}

func wait(why string) Decision {
	d := Refuse(ReasonLobby, "%s; usher lobby admit lets it in, lobby.rooms turns it off", why)
	d.Knocks, d.Waits = true, true
	return d
}

func listed(list lobby.Standing) Decision {
	d := Decision{Allowed: true, Reason: ReasonWhitelist, Affiliation: None, Listed: true}
	if list == lobby.Admitted {
		d.Reason = ReasonAdmitted
	}
	return d
}

// asMember makes an account that passes a member, where only members come in.
func asMember(mode lobby.Mode, d Decision, on bool) Decision {
	if on && mode == lobby.MembersOnly && d.Affiliation == None {
		d.Affiliation = Member
	}
	return d
}

// A Waiter is an account that waits in a lobby.
type Waiter = lobby.Knock

// The errors of a moderator's decision.
var (
	ErrNotModerator     = errors.New("only who is moderator in this room may do that")
	ErrNoComponent      = errors.New("there is no component to ask who is moderator")
	ErrNobodyWaits      = lobby.ErrNotWaiting
	ErrTooManyDecisions = lobby.ErrTooMany
)

// ErrNotYet is of a decision that holds, while the room cannot be made to let the
// account in yet.
var ErrNotYet = errors.New("the decision holds, but the room cannot be changed yet: the account is invited once it " +
	"lets it in; usher status says whether the component is connected")
