package reconcile

import (
	"context"

	"usher/moderation"
)

// Rooms is how the rooms of a Prosody are read and changed. Rooms and accounts are
// named by bare JIDs. Every call has a deadline of its own, and the errors are those of
// package moderation, as [moderation.ErrNoRoom].
type Rooms interface {
	Lists
	Changes
	Access
	Connection
}

// Streams are those of accounts whose Prosody keeps rights with the stream.
type Streams interface {
	// Demote notes that an account, a bare JID, is about to be made less than an owner: its
	// streams give no more when they are resumed. It comes before the room has it so: what
	// ends usher in between must not have it forgotten.
	Demote(ctx context.Context, account string)

	// Cut has the client of an account, a bare JID, come back: then Prosody reads anew
	// what the account may do. It does nothing for others.
	Cut(account string)
}

// Lists are read from rooms.
type Lists interface {
	// Affiliations returns what the accounts are that are anything to a room.
	Affiliations(ctx context.Context, room string) (map[string]moderation.Affiliation, error)
	// Occupants returns who is in a room.
	Occupants(ctx context.Context, room string) ([]moderation.Occupant, error)
	// ListRooms returns the rooms of a MUC component: all of them if that is asked for
	// and the component tells, or else those that are public.
	ListRooms(ctx context.Context, muc string, all bool) (rooms []string, isAll bool, err error)
}

// Changes are made to what an account is to a room.
type Changes interface {
	// SetAffiliation makes an account be something to a room. Setting what there is
	// already raises the roles of occupants that have less by it; roles become less
	// only with the affiliation.
	SetAffiliation(ctx context.Context, room, jid string, a moderation.Affiliation) error
	// SetUnlessBanned is SetAffiliation of an account that was no outcast when it was
	// asked about: if it has been banned since, it stays so, and that is ErrBanned.
	SetUnlessBanned(ctx context.Context, room, jid string, a moderation.Affiliation) error
	// ReadAndSet is Affiliations and then SetAffiliation, with nothing in between: what
	// it returns was so right before.
	ReadAndSet(ctx context.Context, room, jid string, a moderation.Affiliation) (
		map[string]moderation.Affiliation, error)
}

// Access is whether a room only lets members in.
type Access interface {
	MembersOnly(ctx context.Context, room string) (bool, error)
	SetMembersOnly(ctx context.Context, room string, yes bool) error
}

// A Connection is that of the component.
type Connection interface {
	// Connection numbers the present connection: another number means that anything
	// may have changed meanwhile. Zero is none.
	Connection() uint64
	// Connected receives a value each time the rooms become reachable. It is always
	// the same channel, for one reader.
	Connected() <-chan struct{}
}
