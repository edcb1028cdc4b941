package websocket

import (
	"errors"

	"usher/auth/gateway/budget"
)

// An Inspector looks at the messages of one direction. [Relay] calls it from its
// own goroutine.
type Inspector interface {
	// Limit returns how long the next message may be, in bytes.
	Limit() int64

	// Inspect looks at a message, of which only the first piece may have come, and
	// may replace it. It reports whether the message passes; an error ends the
	// relay.
	Inspect(m *Message) (passes bool, err error)
}

// A Store is what [Relay] reads into.
type Store struct {
	Buffers *Buffers      // of pieces; must not be nil
	Share   *budget.Share // for messages in fragments; nil: they are a piece at most
}

// Relay passes messages from one connection on to another until one of them fails or
// the inspector returns an error. Its error is a [SourceError], a
// [DestinationError], or the inspector's.
func Relay(from, to *Conn, i Inspector, store Store) error {
	for {
		// Not in relayOne: a goroutine that waits shall have a small stack and no
		// buffer.
		if err := from.wait(); err != nil {
			return &SourceError{err}
		}
		if err := relayOne(from, to, i, store); err != nil {
			return err
		}
	}
}

// relayOne passes one message on.
func relayOne(from, to *Conn, i Inspector, store Store) error {
	b := store.Buffers.get()
	defer store.Buffers.put(b)
	if err := from.read(b, i.Limit(), store.Share); err != nil {
		return &SourceError{err}
	}
	m := &b.message
	if m.none() {
		return nil
	}
	passes, err := i.Inspect(m)
	if err != nil {
		return err
	}
	if !passes || m.replaced {
		if err := from.skip(m, b); err != nil {
			return &SourceError{err}
		}
	}
	if !passes {
		return nil
	}
	return destinationError(to.write(m, b, from))
}

// destinationError is an error of a write, unless reading the rest of the message
// failed.
func destinationError(err error) error {
	if _, isSource := errors.AsType[*SourceError](err); isSource || err == nil {
		return err
	}
	return &DestinationError{err}
}
