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

	// Whole reports whether the next message has to be here whole before it is looked
	// at. It is then held within the session's share.
	Whole() bool

	// Inspect looks at a message, of which otherwise only the first piece may have come, and
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

// Receive waits for one message, and has the inspector look at it. It goes nowhere. The
// error is a [SourceError], or the inspector's.
func Receive(from *Conn, i Inspector, store Store) error {
	for {
		if err := from.wait(); err != nil {
			return &SourceError{err}
		}
		if came, err := receiveOne(from, i, store); came || err != nil {
			return err
		}
	}
}

func receiveOne(from *Conn, i Inspector, store Store) (came bool, err error) {
	b := store.Buffers.get()
	defer store.Buffers.put(b)
	if err := from.read(b, i, store.Share); err != nil {
		return false, &SourceError{err}
	}
	if b.message.none() {
		return false, nil
	}
	if _, err := i.Inspect(&b.message); err != nil {
		return true, err
	}
	if err := from.skip(&b.message, b); err != nil {
		return true, &SourceError{err}
	}
	return true, nil
}

// relayOne passes one message on.
func relayOne(from, to *Conn, i Inspector, store Store) error {
	b := store.Buffers.get()
	defer store.Buffers.put(b)
	if err := from.read(b, i, store.Share); err != nil {
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
