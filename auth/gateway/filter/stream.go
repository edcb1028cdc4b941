package filter

import (
	"slices"

	"usher/auth/gateway/stanza"
)

// A Stream is what the list knows of one over WebSocket (RFC 7395). The zero
// value is a stream that has not begun.
type Stream struct {
	Host   string // that the client asks for, as it writes it
	opened bool
}

// A Position is where an element stands in a stream.
type Position int

// The positions that there are.
const (
	Misplaced Position = iota // it is no beginning, or a second one: the stream ends
	Framed                    // the one beginning, or an end: it passes
	Inside                    // anything else; [Connection.Decide] says what becomes of it
)

// Position finds out where an element stands, and takes note of the beginning.
// Prosody's mod_websocket takes a stream of RFC 6120 as well, with a login in
// it. A second beginning would have all that follows be part of it.
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

// Harmless reports whether a body of BOSH has nothing in it that would mean
// anything to Prosody before a login: it may pass on a session of which nobody
// here knows whether there was one.
func Harmless(b stanza.Body) bool {
	return !slices.ContainsFunc(b.Children, func(e stanza.Element) bool { return !e.Plain() })
}
