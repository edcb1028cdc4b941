// Package route answers one question: which pages does the console have, and for whom is each? The packages of pages
// return their routes ([Route]), and the console's server answers no other. It starts no goroutine and has no lock.
package route

import (
	"net/http"

	"usher/internal/console/access"
)

// For says who may ask a route. The zero value is nobody, with which no server starts.
type For uint8

// The kinds of routes. Two routes may have one pattern if they are for different viewers.
const (
	Operators  For = 1 << iota // others are answered 403, or sent to /enter if they have no session
	Moderators                 // likewise; an operator is none
	strangers

	Viewers = Operators | Moderators
	Anybody = Viewers | strangers // without a session, too
)

// Lets reports whether a viewer may ask.
func (f For) Lets(v access.Viewer) bool {
	if v.Operator {
		return f&Operators != 0
	}
	return f&Moderators != 0
}

// LetsAnybody reports whether one may ask who has no session.
func (f For) LetsAnybody() bool { return f&strangers != 0 }

// A Route is one page, one form or one stream of events. Exactly one of Serve and Events is set. The request's context
// carries the [access.Viewer] and who it is for the audit, so that an admin.Client can be asked with it.
type Route struct {
	Pattern string // of http.ServeMux, with its method: "GET /sessions"
	For     For
	Serve   http.HandlerFunc
	Events  func(*Stream) error // of a GET below /events/; the stream ends when it returns
	Bytes   int64               // of the body at most; 0: 64 KiB
}

// A Look renders what the server itself answers. It must not fail, and sets status and Content-Type.
type Look interface {
	// Error answers with a status of 400 or above and a text for people.
	Error(w http.ResponseWriter, r *http.Request, status int, text string)
	// Enter is the page with the one form that brings somebody in: a POST to /enter, with the field "code".
	Enter(w http.ResponseWriter, r *http.Request, p EnterPage)
}

// An EnterPage is what GET /enter shows, and POST /enter where it let nobody in.
type EnterPage struct {
	Status  int    // of the answer
	Problem string // why nobody was let in; empty: nothing was tried
	Left    bool   // the viewer has just left
	Ended   bool   // the viewer's session is over
	SignIn  string // the address of the sign-in; empty: there is none
}
