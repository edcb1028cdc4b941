package moderation

import "time"

// An Assignment is what an account that was let in is to a room, remembered so that
// what usher set can be taken back, and only that.
type Assignment struct {
	Room        string // bare JID, as Prosody spells it
	JID         string // bare JID
	Affiliation Affiliation
	Session     ID        `json:"Grant"` // what it rests on
	At          time.Time // when it was given
	Confirmed   bool      // the room was seen to have it
	Lobby       bool      // it rests on the lobby's lists, not on a session
	External    bool      `json:"Foreign"`   // somebody else gave it: never taken back
	Overridden  bool      `json:"TakenAway"` // somebody else changed it: the same session never gives it again
	End         EndReason // why the session ended, if it has
}

// An EndReason says why a session is no more.
type EndReason string

// The ends. The zero value is a session that has not ended.
const (
	EndExpired EndReason = "expired"
	EndRevoked EndReason = "revoked"
	EndKeyGone EndReason = "key_gone"
)

// An AssignmentKey names an [Assignment].
type AssignmentKey struct{ Room, JID string }

func (g *Assignment) key() AssignmentKey { return AssignmentKey{g.Room, g.JID} }
