package moderation

import "time"

// A Room is one that may have occupants.
type Room struct {
	JID     string    // bare JID, as Prosody spells it
	Started bool      // a token holder has joined since it was created
	Made    bool      // Prosody asked what it begins with
	Joined  time.Time // of the last join that was allowed
	// Began tells it from others of its name: about when usher heard of it, in
	// nanoseconds since 1970.
	Began int64 `json:",omitzero"`

	Lobby       Switch // what a token or a moderator said, or nothing
	MembersOnly bool   // usher made it so, for the lobby

	Changed time.Time `json:",omitzero"` // of Lobby and MembersOnly
	Gone    bool      `json:",omitzero"` // this life of it is over: the other ushers are to know
}

// Key names the room.
func (r *Room) Key() *RoomKey { return &RoomKey{r.JID, r.Began} }

// Kept reports whether the state may have the room.
func (r *Room) Kept() bool { return r.Started || r.MembersOnly || r.Lobby != "" }

// A RoomKey names one of the rooms that had a name: what is done about the former one
// must not touch a later one.
type RoomKey struct {
	JID   string
	Began int64
}

// A Switch turns something on or off, or leaves it to the configuration.
type Switch string

// The switches. The zero value leaves it to the configuration.
const (
	On  Switch = "on"
	Off Switch = "off"
)
