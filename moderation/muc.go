package moderation

import (
	"errors"
	"slices"

	"usher/lobby"
)

// A Beginning says how far a room is. Prosody has a room already while it asks
// whether its creator may join, and makes the creator its owner before.
type Beginning struct {
	Running bool     // somebody is in it, or it stays when nobody is
	Owners  []string // of one that is not: bare JIDs
}

// The errors of what is asked of a room, or done there.
var (
	ErrNoRoom      = errors.New("there is no such room")
	ErrForbidden   = errors.New("the room does not let usher do this")
	ErrUnreachable = errors.New("the rooms cannot be reached")
	ErrRefused     = errors.New("the room refuses this change")
	ErrBanned      = errors.New("the account was banned meanwhile")
)

// The paths that Prosody's modules ask.
const (
	JoinPath   = "/muc/join" // mod_muc_http_auth
	CreatePath = "/muc/room" // mod_muc_http_defaults
)

// An Affiliation is what a bare JID is to a room (XEP-0045 section 5.2).
type Affiliation string

// The affiliations.
const (
	Owner   Affiliation = "owner"
	Admin   Affiliation = "admin"
	Member  Affiliation = "member"
	None    Affiliation = "none"
	Outcast Affiliation = "outcast"
)

// ranked lists the affiliations from the least to the greatest.
func ranked() []Affiliation { return []Affiliation{Outcast, None, Member, Admin, Owner} }

// Rank compares: an owner ranks above a member. An unknown word is below all.
func (a Affiliation) Rank() int { return slices.Index(ranked(), a) }

// A Role is what an occupant is while it is in the room (XEP-0045 section
// 5.1).
type Role string

// The roles of occupants.
const (
	RoleModerator   Role = "moderator"
	RoleParticipant Role = "participant"
	RoleVisitor     Role = "visitor"
)

// An Occupant is an account in a room.
type Occupant struct {
	Nick string
	JID  string // bare JID
	Full string // full JID, one of those under the nickname
	Role Role

	Affiliation Affiliation // of the moment in which the role was read
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
