package moderation

import (
	"time"

	"usher/lobby"
)

// A View is all that a decision about an account and a room depends on, as it was at
// one moment. A decision by it asks for nothing else, and takes no lock.
type View struct {
	User     string         // bare JID
	Room     RoomName       // of a breakout room its main room
	Sessions []Judged       // of the account, if it is one of the room's host
	Now      time.Time      // at which the sessions count, or not
	Listed   lobby.Standing // what the lobby's lists say

	// Of the room; zero if it is not known.
	Known       bool   // it may have occupants
	Started     bool   // a token holder has joined since it was created
	Made        bool   // Prosody asked what it begins with
	Lobby       Switch // what a token or a moderator said of its lobby
	MembersOnly bool   // usher made it let in nobody but members

	// ByStream says that the join is decided by the token of its stream, of this print; empty:
	// the stream has none.
	ByStream   bool
	TokenPrint string

	// Running says that the room is known to have begun before this join. Why it is
	// not is in NotRunning. Only [Host.Decide] reads them.
	Running    bool
	NotRunning string
}

// A Judged is a session as it was when it was viewed.
type Judged struct {
	*Session
	Used    time.Time // that of the session changes
	Revoked bool      // its token was
}

// Who says what an account is to a host.
type Who int

// The answers.
const (
	WhoStranger Who = iota // of a host that has no say
	WhoGuest               // of a guests' host
	WhoUser                // of the host itself
	WhoService             // a service account, wherever it is from
)
