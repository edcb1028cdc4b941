package occupancy

import "context"

// A Store keeps occupants over restarts. Its methods are safe for concurrent use.
type Store interface {
	// LoadOccupants returns everything that is kept, in no particular order. It is called
	// once, at the start.
	LoadOccupants(ctx context.Context) ([]Occupant, error)

	// ApplyOccupants makes changes, all of them or none. What it has confirmed survives a
	// killed process.
	ApplyOccupants(ctx context.Context, changes ...Change) error
}

// An Occupant is an account that the gateway saw in a room. Both are bare JIDs.
type Occupant struct {
	Room, JID string
	Starts    bool `json:",omitzero"` // the room is open to its token
}

// A Key names an occupant.
type Key struct{ Room, JID string }

// A Change is one line of [Store.ApplyOccupants]. Exactly one field is set. An occupant is put
// in the place of one with the same key; deleting what is not there is no error.
type Change struct {
	Put    *Occupant
	Delete *Key
}
