package admin

import (
	"context"
	"errors"
	"net/http"
	"time"

	"usher/internal/recent"
)

// A Console is the pages for operators and moderators.
type Console interface {
	// Link makes a link that lets an operator in once, in the name of the user of a process. It has no URL if browsers
	// reach the console nowhere.
	Link(ctx context.Context, uid *uint32, user string) ConsoleLink
}

// ConsolePath is where a link is asked for: POST, by a command alone.
const ConsolePath = "/console/link"

// A ConsoleLink is the answer of POST /console/link. It is a secret.
type ConsoleLink struct {
	Problem string    `json:"problem,omitempty"`
	URL     string    `json:"url,omitempty"`
	Until   time.Time `json:"until,omitzero"`
	Local   bool      `json:"local,omitempty"` // only a browser of the daemon's machine reaches it
}

// The reasons for which there is no link.
var (
	errNoConsole = errors.New("there is no console: name listen.console, such as 127.0.0.1:9281, and restart usher")
	errNoOrigin  = errors.New("there is no address that a browser could open: name console.url")
	errNotHere   = errors.New("a link is made by a command alone: one made in the console would outlive its right")
)

// console answers usher console.
func (s *server) console(m *routes) {
	m.change("POST "+ConsolePath, "console", func(r *http.Request, c *recent.Change) (any, error) {
		var link ConsoleLink
		var err error
		switch {
		case isWithin(r.Context()):
			err = errNotHere
		case s.Console == nil:
			err = errNoConsole
		default:
			if link = s.Console.Link(r.Context(), c.UID, c.User); link.URL == "" {
				err = errNoOrigin
			}
		}
		if err != nil {
			c.Refuse(err)
			link.Problem = err.Error()
		}
		return link, nil
	})
}
