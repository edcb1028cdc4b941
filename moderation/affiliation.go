package moderation

import "slices"

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

// A Role is what an occupant is while he is in the room (XEP-0045 section
// 5.1).
type Role string

// The roles of those who are in a room.
const (
	RoleModerator   Role = "moderator"
	RoleParticipant Role = "participant"
	RoleVisitor     Role = "visitor"
)

// An Occupant is somebody in a room.
type Occupant struct {
	Nick string
	JID  string // bare JID
	Role Role
}
