package websocket

import (
	"errors"

	"github.com/gobwas/ws"
)

// The bounds for which a message is not read to its end. A message in fragments for
// which there is no room is a [budget.ErrOverloaded].
var (
	ErrTooLarge = errors.New("the message is too large")
	ErrTooMuch  = errors.New("too much came before the other side was trusted")
)

// ErrFinished is the error of a frame after [Conn.Finish].
var ErrFinished = errors.New("the connection is about to close")

// A ClosedError is the close frame of the other side.
type ClosedError struct{ Payload []byte }

// Error implements error.
func (*ClosedError) Error() string { return "closed by the other side" }

// An AnswerError is the error of writing the answer to a ping.
type AnswerError struct{ Err error }

// Error implements error.
func (e *AnswerError) Error() string { return "answering: " + e.Err.Error() }

// Unwrap implements the errors package's interface.
func (e *AnswerError) Unwrap() error { return e.Err }

// A SourceError is an error of the connection that [Relay] reads from.
type SourceError struct{ Err error }

// Error implements error.
func (e *SourceError) Error() string { return "reading: " + e.Err.Error() }

// Unwrap implements the errors package's interface.
func (e *SourceError) Unwrap() error { return e.Err }

// A DestinationError is an error of the connection that [Relay] writes to.
type DestinationError struct{ Err error }

// Error implements error.
func (e *DestinationError) Error() string { return "passing on: " + e.Err.Error() }

// Unwrap implements the errors package's interface.
func (e *DestinationError) Unwrap() error { return e.Err }

// BreaksProtocol reports whether an error says that the other side breaks RFC 6455.
func BreaksProtocol(err error) bool {
	_, isProtocol := errors.AsType[ws.ProtocolError](err)
	return isProtocol || errors.Is(err, ws.ErrHeaderLengthMSB)
}
