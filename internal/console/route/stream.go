package route

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"usher/internal/console/access"
)

// sendWithin bounds how long a reader may take for what is sent at once.
const sendWithin = 5 * time.Second

// A Stream is an answer of the type text/event-stream. It is safe for concurrent use.
type Stream struct {
	Viewer  access.Viewer
	Request *http.Request // its context ends with the viewer's right, with the browser, and with the daemon

	mu sync.Mutex // of what is sent
	w  http.ResponseWriter
	c  *http.ResponseController
}

// Open begins a stream. The server calls it.
func Open(w http.ResponseWriter, r *http.Request, v access.Viewer) (*Stream, error) {
	s := &Stream{Viewer: v, Request: r, w: w, c: http.NewResponseController(w)}
	if err := s.c.SetReadDeadline(time.Time{}); err != nil {
		return nil, err
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("X-Accel-Buffering", "no") // nginx hands on what there is at once
	w.WriteHeader(http.StatusOK)
	return s, s.write(": open\n\n")
}

// Context is the request's.
func (s *Stream) Context() context.Context { return s.Request.Context() }

// Send sends one event. The data may have several lines. It fails when the browser is gone, or does not read for 5 s.
func (s *Stream) Send(event, data string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "event: %s\n", event)
	for line := range strings.SplitSeq(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(data), "\n") {
		b.WriteString("data: " + line + "\n")
	}
	return s.write(b.String() + "\n")
}

// Beat sends what browsers pass over. The server calls it: it finds out whether the other side is still there.
func (s *Stream) Beat() error { return s.write(":\n\n") }

func (s *Stream) write(text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.Context().Err(); err != nil {
		return err
	}
	if err := s.c.SetWriteDeadline(time.Now().Add(sendWithin)); err != nil {
		return err
	}
	if _, err := s.w.Write([]byte(text)); err != nil {
		return err
	}
	return s.c.Flush()
}
