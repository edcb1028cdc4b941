package sessions

import (
	"context"

	"usher/auth"
	"usher/moderation"
)

// A Store keeps sessions, what was given, rooms and revocations over restarts.
// Its methods are safe for concurrent use.
type Store interface {
	// Load returns everything that is kept. It is called once, at the start.
	Load(ctx context.Context) (State, error)

	// Apply makes changes, all of them or none. When it returns nil the changes
	// survive a killed process: they are with the operating system. It does not
	// wait for the disk.
	Apply(ctx context.Context, changes ...Change) error

	// Sync waits until all that was applied before is on the disk, so that a power
	// failure leaves it.
	Sync(ctx context.Context) error

	// Close ends the store. Apply fails from then on.
	Close() error
}

// State is everything that a [Store] keeps, in no particular order.
type State struct {
	Sessions    []moderation.Session
	Assignments []moderation.Assignment
	Rooms       []moderation.Room
	Revocations []moderation.Revocation
}

// A Change is one line of [Store.Apply]. Exactly one field is set. A value is
// put in the place of one with the same key, if there is one, but a session not in
// the place of a later login; deleting what is not there is no error.
type Change struct {
	PutSession       *moderation.Session
	DeleteSession    *moderation.Login // not a later login of this session
	PutAssignment    *moderation.Assignment
	DeleteAssignment *moderation.AssignmentKey
	PutRoom          *moderation.Room
	DeleteRoom       *moderation.RoomKey // not another room of this name
	PutRevocation    *moderation.Revocation
	DeleteRevocation *auth.Principal
}
