package moderation

import "errors"

// A Beginning says how far a room is. Prosody has a room already while it asks
// whether its creator may join, and makes the creator its owner before.
type Beginning struct {
	Running bool     // somebody is in it, or it stays when nobody is
	Owners  []string // of one that is not: bare JIDs
}

// The errors of what is asked of a room, or done there.
var (
	ErrNoRoom      = errors.New("there is no such room")
	ErrForbidden   = errors.New("the room does not let usher do this")
	ErrUnreachable = errors.New("the rooms cannot be reached")
	ErrRefused     = errors.New("the room refuses this change")
)

// The paths that Prosody's modules ask.
const (
	JoinPath   = "/muc/join" // mod_muc_http_auth
	CreatePath = "/muc/room" // mod_muc_http_defaults
)
