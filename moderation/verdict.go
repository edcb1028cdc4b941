package moderation

import (
	"errors"

	"usher/lobby"
)

// A Waiter is somebody who waits in a lobby.
type Waiter = lobby.Knock

// The errors of a moderator's decision.
var (
	ErrNotModerator     = errors.New("only who is moderator in this room may do that")
	ErrNoComponent      = errors.New("there is no component to ask who is moderator")
	ErrNobodyWaits      = lobby.ErrNotWaiting
	ErrTooManyDecisions = lobby.ErrTooMany
)

// ErrNotYet is of a decision that holds, while the room cannot be made to let the
// account in yet.
var ErrNotYet = errors.New("the decision holds, but the room cannot be changed yet: the account is invited once it lets it in; " +
	"usher status says whether the component is connected")
