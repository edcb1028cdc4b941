package streams

import (
	"context"

	"usher/auth/relayauth"
)

// A Store keeps streams over restarts. Its methods are safe for concurrent use.
type Store interface {
	// LoadStreams returns everything that is kept, in no particular order. It is called
	// once, at the start.
	LoadStreams(ctx context.Context) ([]Stream, error)

	// ApplyStreams makes changes, all of them or none. What it has confirmed survives a
	// killed process.
	ApplyStreams(ctx context.Context, changes ...Change) error

	// LearnStreams is ApplyStreams of what other ushers said: they need not be told of it.
	LearnStreams(ctx context.Context, changes ...Change) error
}

// A Stream is one that can be resumed, under the print of its identifier
// ([relayauth.StreamPrint]).
type Stream struct {
	Print string
	relayauth.Stream
}

// A Change is one line of [Store.ApplyStreams]. Exactly one field is set. A stream is put
// in the place of one with the same print; deleting what is not there is no error.
type Change struct {
	Put    *Stream
	Delete string // a print
}
