package stream

import (
	"context"
	"fmt"
	"time"

	"usher/auth/gateway/budget"
	"usher/auth/gateway/stanza"
	"usher/auth/gateway/websocket"
)

// A Hibernating is a stream that Prosody keeps for a client that is away.
type Hibernating struct {
	Prosody    websocket.Request // with what resumes the stream in its address
	Host       string            // of the stream
	Resumption string
	Acked      uint32 // stanzas of Prosody that the client has acknowledged
}

// EndHibernating resumes a stream that Prosody keeps, and ends it for good, so that its
// account leaves its rooms at once. It has as long as a handshake.
func (t *Sessions) EndHibernating(ctx context.Context, h Hibernating) error {
	ctx, cancel := context.WithTimeout(ctx, t.HandshakeTimeout)
	defer cancel()
	conn, err := websocket.Dial(ctx, h.Prosody, t.ProsodyOptions())
	if err != nil {
		return fmt.Errorf("connecting to Prosody: %w", err)
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { conn.SetFinalDeadline(time.Now()) })()
	w := waking{conn: conn, store: websocket.Store{Buffers: &t.buffers}}
	for _, step := range h.steps() {
		if err := w.say(step); err != nil {
			return err
		}
	}
	conn.Finish(streamClose(), websocket.StatusNormalClosure, nil)
	conn.Discard(t.LingerTimeout) // what the client has missed comes before the answer
	return nil
}

// A wakingStep is something to say, and the name of the answer to wait for.
type wakingStep struct{ say, until string }

func (h *Hibernating) steps() []wakingStep {
	return []wakingStep{
		{stanza.Open(h.Host), "features"},
		{stanza.AuthAnonymous, "success"},
		{stanza.Open(h.Host), "features"},
		{stanza.Resume(h.Resumption, h.Acked), "resumed"},
	}
}

// A waking is the way to a stream that is being resumed.
type waking struct {
	conn  *websocket.Conn
	store websocket.Store
	came  string // the name of the last element
}

// Limit implements [websocket.Inspector].
func (w *waking) Limit() int64 { return budget.Piece }

// Whole implements [websocket.Inspector].
func (w *waking) Whole() bool { return true }

// Inspect implements [websocket.Inspector].
func (w *waking) Inspect(m *websocket.Message) (passes bool, err error) {
	e, err := stanza.Parse(m.Payload())
	w.came = e.Name.Local
	return false, err
}

// mostAnswers bounds what Prosody says before the answer that is waited for.
const mostAnswers = 8

func (w *waking) say(s wakingStep) error {
	if err := w.conn.Send([]byte(s.say)); err != nil {
		return fmt.Errorf("telling Prosody: %w", err)
	}
	for range mostAnswers {
		if err := websocket.Receive(w.conn, w, w.store); err != nil {
			return fmt.Errorf("waiting for <%s/>: %w", s.until, err)
		}
		switch w.came {
		case s.until:
			return nil
		case "failure", "failed", "error", "close":
			return fmt.Errorf("<%s/> came from Prosody, not <%s/>", w.came, s.until)
		}
	}
	return fmt.Errorf("<%s/> never came from Prosody", s.until)
}
