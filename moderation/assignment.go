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
	External    bool      `json:"Foreign"`   // usher did not give it: never taken back
	Overridden  bool      `json:"TakenAway"` // it was changed in the room: the same session never gives it again
	End         EndReason // why the session ended, if it has

	Changed time.Time `json:",omitzero"` // of the last change, where it is another than At
	Lease   uint64    `json:",omitzero"` // number of the lease by which it was written; 0: there is only one usher
	Gone    bool      `json:",omitzero"` // it was taken back or forgotten: the other ushers are to know
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

// Key names the assignment.
func (g *Assignment) Key() AssignmentKey { return AssignmentKey{g.Room, g.JID} }

// IsMember reports whether the assignment makes the account come in where only
// members do.
func (g *Assignment) IsMember() bool {
	return g != nil && !g.Overridden && g.Affiliation.Rank() >= Member.Rank()
}

// Fulfils reports whether, by what was given, nothing is to be set in the room before
// the account joins it as a decision says. A nil assignment fulfils nothing.
func (g *Assignment) Fulfils(d Decision) bool {
	switch {
	case g == nil, g.End != "":
		return false
	case g.Overridden:
		return g.Session == d.Session.ID
	case g.External:
		return g.Confirmed && g.Affiliation.Rank() >= d.Affiliation.Rank()
	}
	return g.Confirmed && g.Affiliation == d.Affiliation
}
