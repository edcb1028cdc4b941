package moderation

import "context"

// A Store keeps grants, what was given, rooms and revocations over restarts.
// Its methods are safe for concurrent use.
type Store interface {
	// Load returns everything that is kept. It is called once, at the start.
	Load(ctx context.Context) (State, error)

	// Apply makes changes, all of them or none. When it returns nil the changes
	// survive a killed process: they are with the operating system. It does not
	// wait for the disk.
	Apply(ctx context.Context, changes ...Change) error

	// Close ends the store. Apply fails from then on.
	Close() error
}

// State is everything that a [Store] keeps, in no particular order.
type State struct {
	Grants      []Grant
	Givens      []Given
	Rooms       []Room
	Revocations []Revocation
}

// A Change is one line of [Store.Apply]. Exactly one field is set. A value is
// put in the place of one with the same key, if there is one; deleting what is
// not there is no error.
type Change struct {
	PutGrant         *Grant
	DeleteGrant      *ID
	PutGiven         *Given
	DeleteGiven      *GivenKey
	PutRoom          *Room
	DeleteRoom       string // JID
	PutRevocation    *Revocation
	DeleteRevocation string // token print
}
