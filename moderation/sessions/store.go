package sessions

import (
	"context"
	"iter"

	"usher/auth"
	"usher/moderation"
)

// A Store keeps sessions, what was given, rooms and revocations over restarts.
// Its methods are safe for concurrent use.
type Store interface {
	// LoadRevocations returns every revocation, in no particular order. A start waits for
	// it before it answers anybody, so it reads nothing else.
	LoadRevocations(ctx context.Context) ([]moderation.Revocation, error)

	// LoadRooms returns every room and assignment, in no particular order. It is called
	// once, while logins are answered.
	LoadRooms(ctx context.Context) ([]moderation.Room, []moderation.Assignment, error)

	// Sessions yields every session that was kept when the store was opened, the newest
	// login first. A later change may be in it or not. An error is the last that it yields.
	// It is called once, while logins are answered, and may read a portion at a time.
	Sessions(ctx context.Context) iter.Seq2[moderation.Session, error]

	// Apply makes changes, all of them or none. When it returns nil the changes
	// survive a killed process: they are with the operating system. It does not
	// wait for the disk.
	Apply(ctx context.Context, changes ...Change) error

	// Learn is Apply of what other ushers said: they need not be told of it.
	Learn(ctx context.Context, changes ...Change) error

	// Sync waits until all that was applied before is on the disk, so that a power
	// failure leaves it.
	Sync(ctx context.Context) error

	// Close ends the store. Apply fails from then on.
	Close() error
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
