package reconcile

import (
	"context"

	"usher/moderation"
)

// Rooms is how the rooms of a Prosody are read and changed. Every call has a
// deadline of its own.
type Rooms interface {
	// Affiliations returns what the bare JIDs are that are anything to a room.
	Affiliations(ctx context.Context, room string) (map[string]moderation.Affiliation, error)
	// Occupants returns who is in a room.
	Occupants(ctx context.Context, room string) ([]moderation.Occupant, error)
	// SetAffiliation makes a bare JID be something to a room. Setting what
	// there is already has the occupants' roles computed anew.
	SetAffiliation(ctx context.Context, room, jid string, a moderation.Affiliation) error
	// ReadAndSet is Affiliations and then SetAffiliation, with nothing in between:
	// what it returns was so right before.
	ReadAndSet(ctx context.Context, room, jid string, a moderation.Affiliation) (map[string]moderation.Affiliation, error)
	// MembersOnly reports whether a room only lets members in.
	MembersOnly(ctx context.Context, room string) (bool, error)
	// SetMembersOnly makes it so, or not.
	SetMembersOnly(ctx context.Context, room string, yes bool) error
	// MainRoom returns the bare JID of the room that a breakout room belongs to.
	MainRoom(ctx context.Context, room string) (string, error)
	// ListRooms returns the rooms of a MUC component: all of them if that is asked for
	// and the component tells, or else those that are public.
	ListRooms(ctx context.Context, muc string, all bool) (rooms []string, isAll bool, err error)
	// Beginning says how far a room is.
	Beginning(ctx context.Context, room string) (moderation.Beginning, error)
	// Connection numbers the present connection: another number means that
	// anything may have changed meanwhile. Zero is none.
	Connection() uint64
	// Connected receives a value each time the rooms become reachable. It is
	// always the same channel, for one reader.
	Connected() <-chan struct{}
}
