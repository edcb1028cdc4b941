package admin

import (
	"context"
	"errors"
	"net/http"
	"time"

	"usher/internal/recent"
)

// routes are the questions and the changes of the API. There is no other way to the mux: so no change can be without
// its line in the audit.
type routes struct {
	server  *server
	mux     *http.ServeMux
	asked   []string // patterns
	changed []string // likewise
}

// ask is a route by which nothing is changed.
func (m *routes) ask(pattern string, serve http.HandlerFunc) {
	m.asked = append(m.asked, pattern)
	m.mux.HandleFunc(pattern, serve)
}

// A doing makes a change, and says in c what it was about and why it was refused. An error means that nobody can do it
// now.
type doing func(r *http.Request, c *recent.Change) (answer any, err error)

// change is a route by which something is changed. It is called as on the command line.
func (m *routes) change(pattern, command string, do doing) {
	m.changed = append(m.changed, pattern)
	m.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		c, err := m.server.begin(r.Context(), command)
		ended := false
		defer func() {
			if !ended {
				c.Refuse(errPanic)
				m.server.Audit.Record(r.Context(), c)
			}
		}()
		var answer any
		if err == nil {
			answer, err = do(r, &c)
		}
		if err != nil {
			c.Refuse(err)
		}
		ended = true
		m.server.Audit.Record(r.Context(), c)
		if err != nil {
			w.Header().Set("Retry-After", "1")
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		writeJSON(w, answer)
	})
}

var errPanic = errors.New("a fault of usher; the log has it")

// awaitWithin is how long a command waits after a start for what the state kept.
const awaitWithin = 10 * time.Second

// await waits for what the state kept: before that a command would overlook some of it.
func (s *server) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, awaitWithin)
	defer cancel()
	return s.Await(ctx)
}

// kept has a question wait for what the state kept.
func (s *server) kept(serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := s.await(r.Context()); err != nil {
			w.Header().Set("Retry-After", "1")
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		serve(w, r)
	}
}

// loaded has a change wait for what the state kept.
func (s *server) loaded(do doing) doing {
	return func(r *http.Request, c *recent.Change) (any, error) {
		if err := s.await(r.Context()); err != nil {
			return nil, err
		}
		return do(r, c)
	}
}
