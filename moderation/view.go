package moderation

import (
	"time"

	"usher/lobby"
)

// A View is all that a decision about an account and a room depends on, as it was at
// one moment. Whoever decides by it asks nobody else, and takes no lock.
type View struct {
	User     string         // bare JID
	Room     RoomName       // of a breakout room its main room
	Sessions []Judged       // of the account, if it is one of the room's host
	Listed   lobby.Standing // what the lobby's lists say

	// Of the room; zero if it is not known.
	Known       bool   // somebody may be in it
	Started     bool   // a token holder has joined since it was created
	Made        bool   // Prosody asked what it begins with
	Lobby       Switch // what a token or a moderator said of its lobby
	MembersOnly bool   // usher made it let in nobody but members

	// Assignment is what the account was given in the room, or nil. It has to leave
	// where that says that its session was revoked.
	Assignment *Assignment

	// Running says that the room is known to have begun before this join. Why it is
	// not is in NotRunning. Only [Host.Decide] reads them.
	Running    bool
	NotRunning string
}

// A Judged is a session, and why it does not count, if it does not.
type Judged struct {
	*Session
	Used   time.Time // as it was: that of the session changes
	Reason Reason    // empty: it counts
}
