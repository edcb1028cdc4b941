package filter

import (
	"slices"

	"usher/auth/gateway/stanza"
)

// A Stream is the state of a stream over WebSocket (RFC 7395) before its login. The
// zero value is a stream that has not begun.
type Stream struct {
	Host   string // that the client asks for, as it writes it
	opened bool
}

// A Position is where an element stands in a stream.
type Position int

// The positions that there are.
const (
	Misplaced Position = iota // no beginning, or a second one: the stream ends
	Framed                    // the one beginning, or an end: it passes
	Inside                    // anything else; [Connection.Decide] says what becomes of it
)

// Position finds out where an element stands, and notes the beginning. Prosody's
// mod_websocket accepts a stream of RFC 6120 as well, with a login in it, and after
// a second beginning everything would be part of that.
func (s *Stream) Position(e stanza.Element) Position {
	switch step := e.Step(); {
	case step == stanza.StepOpen && !s.opened:
		s.Host, s.opened = e.Attribute("to"), true
		return Framed
	case step == stanza.StepClose && s.opened:
		return Framed
	case !s.opened, step == stanza.StepOpen, e.Stream():
		return Misplaced
	}
	return Inside
}

// Harmless reports whether a body of BOSH has nothing in it that means anything to
// Prosody before a login: it may pass on an untracked session.
func Harmless(b stanza.Body) bool {
	return !slices.ContainsFunc(b.Children, func(e stanza.Element) bool { return !e.Plain() })
}
