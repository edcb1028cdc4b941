package client

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// A Wire is XMPP over WebSocket (RFC 7395) of which every message is seen as it came, and of which stanzas are counted
// as XEP-0198 has it. A goroutine reads it; Cut waits for that.
type Wire struct {
	conn    net.Conn
	reading sync.WaitGroup

	mu     sync.Mutex
	came   []string
	next   int // of those, which Await looks at
	err    error
	change chan struct{} // closed at each change
	count  Count
}

// A Count is what both sides of a stream that can be resumed have counted.
type Count struct {
	Came  int      // stanzas that came
	Sent  int      // stanzas that were sent
	Acked int      // of those, the server's last word
	queue []string // what was sent and is not acknowledged
	on    bool     // what comes is counted
	out   bool     // what is sent is counted
}

// OpenWire connects; nothing is sent yet.
func OpenWire(ctx context.Context, url string, header http.Header) (*Wire, error) {
	conn, err := WebSocket(url, header)(ctx)
	if err != nil {
		return nil, err
	}
	w := &Wire{conn: conn, change: make(chan struct{})}
	w.reading.Go(func() { w.read(conn.(*webSocket)) })
	return w, nil
}

func (w *Wire) read(from *webSocket) {
	for {
		message, op, err := wsutil.ReadServerData(struct {
			io.Reader
			io.Writer
		}{from.from, locked{from}})
		w.mu.Lock()
		if err != nil {
			w.err = err
		} else if op == ws.OpText {
			w.takeLocked(string(message))
		}
		close(w.change)
		w.change = make(chan struct{})
		w.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (w *Wire) takeLocked(message string) {
	w.came = append(w.came, message)
	switch c := &w.count; {
	case strings.HasPrefix(message, "<enabled"), strings.HasPrefix(message, "<resumed"):
		c.on, c.out = true, true
		c.acknowledge(message)
	case strings.HasPrefix(message, "<a "):
		c.acknowledge(message)
	case c.on && isStanza(message):
		c.Came++
	}
}

func isStanza(message string) bool {
	for _, name := range []string{"<iq", "<presence", "<message"} {
		if strings.HasPrefix(message, name) {
			return true
		}
	}
	return false
}

// acknowledge takes the server's word for how many stanzas it has handled.
func (c *Count) acknowledge(message string) {
	h, err := strconv.Atoi(Attribute(message, "h"))
	if err != nil {
		return
	}
	c.queue = c.queue[min(len(c.queue), max(0, h-c.Acked)):]
	c.Acked = h
}

// Attribute is the value of an attribute of the first element of a text, as it is written there.
func Attribute(text, name string) string {
	tag, _, _ := strings.Cut(text, ">")
	for _, quote := range []string{"'", `"`} {
		if _, rest, found := strings.Cut(tag, " "+name+"="+quote); found {
			value, _, _ := strings.Cut(rest, quote)
			return value
		}
	}
	return ""
}

// Send writes messages at once, as they are.
func (w *Wire) Send(messages ...string) error {
	var all bytes.Buffer
	w.mu.Lock()
	for _, message := range messages {
		_ = wsutil.WriteClientText(&all, []byte(namespaced(message))) // a Buffer takes everything
		switch c := &w.count; {
		case strings.HasPrefix(message, "<enable"):
			c.out = true
		case c.out && isStanza(message):
			c.Sent++
			c.queue = append(c.queue, message)
		}
	}
	w.mu.Unlock()
	s := w.conn.(*webSocket)
	s.writing.Lock()
	defer s.writing.Unlock()
	_, err := s.Conn.Write(all.Bytes())
	return err
}

// Await returns the next message that has all of these parts in it; those before it are passed over.
func (w *Wire) Await(ctx context.Context, parts ...string) (message string, err error) {
	for {
		w.mu.Lock()
		for ; w.next < len(w.came) && message == ""; w.next++ {
			if hasAll(w.came[w.next], parts) {
				message = w.came[w.next]
			}
		}
		err, change := w.err, w.change
		w.mu.Unlock()
		if message != "" {
			return message, nil
		}
		if err != nil {
			return "", fmt.Errorf("waiting for %q: %w", parts, err)
		}
		select {
		case <-change:
		case <-ctx.Done():
			return "", fmt.Errorf("waiting for %q: %w; there came %q", parts, ctx.Err(), w.Came())
		}
	}
}

func hasAll(message string, parts []string) bool {
	for _, part := range parts {
		if !strings.Contains(message, part) {
			return false
		}
	}
	return true
}

// Ended waits for the end of the connection, and returns what came behind what Await has seen.
func (w *Wire) Ended(ctx context.Context) (rest []string, err error) {
	for {
		w.mu.Lock()
		over, change := w.err != nil, w.change
		if over {
			rest, w.next = w.came[w.next:], len(w.came)
		}
		w.mu.Unlock()
		if over {
			return rest, nil
		}
		select {
		case <-change:
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for the end: %w", ctx.Err())
		}
	}
}

// Came is every message that came.
func (w *Wire) Came() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string{}, w.came...)
}

// Counted is what was counted up to now.
func (w *Wire) Counted() Count {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.count
}

// Cut closes the connection without a word.
func (w *Wire) Cut() error {
	err := w.conn.Close()
	w.reading.Wait()
	return err
}

// Login opens the stream of a host and logs in without a name; a resource may be bound then, or a stream resumed.
func (w *Wire) Login(ctx context.Context, host string) error {
	open := "<open xmlns='" + framing + "' to='" + host + "' version='1.0'/>"
	for _, step := range [][2]string{
		{open, "<stream:features"},
		{"<auth xmlns='" + saslNamespace + "' mechanism='ANONYMOUS'/>", "<success"},
		{open, "<stream:features"},
	} {
		if err := w.Send(step[0]); err != nil {
			return err
		}
		if _, err := w.Await(ctx, step[1]); err != nil {
			return err
		}
	}
	return nil
}

// BindRequest asks for an account.
const BindRequest = "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"

// Bind returns the full JID.
func (w *Wire) Bind(ctx context.Context) (jid string, err error) {
	if err := w.Send(BindRequest); err != nil {
		return "", err
	}
	message, err := w.Await(ctx, "<jid>")
	_, jid, _ = strings.Cut(message, "<jid>")
	jid, _, _ = strings.Cut(jid, "</jid>")
	return jid, err
}

// Enable makes the stream one that can be resumed (XEP-0198 section 3), and returns its identifier.
func (w *Wire) Enable(ctx context.Context) (id string, err error) {
	if err := w.Send("<enable xmlns='" + smNamespace + "' resume='true'/>"); err != nil {
		return "", err
	}
	message, err := w.Await(ctx, "<enabled")
	return Attribute(message, "id"), err
}

// ResumeRequest asks for a stream of which so many stanzas came.
func ResumeRequest(id string, came int) string {
	return "<resume xmlns='" + smNamespace + "' previd='" + id + "' h='" + strconv.Itoa(came) + "'/>"
}

// Resume goes on with the stream of another wire, and sends what the server has not handled.
func (w *Wire) Resume(ctx context.Context, id string, before *Wire) error {
	c := before.Counted()
	w.mu.Lock()
	w.count = c
	w.count.on, w.count.out = false, false
	w.mu.Unlock()
	if err := w.Send(ResumeRequest(id, c.Came)); err != nil {
		return err
	}
	if _, err := w.Await(ctx, "<resumed"); err != nil {
		return err
	}
	w.mu.Lock()
	again := w.count.queue
	w.count.Sent -= len(again)
	w.count.queue = nil
	w.mu.Unlock()
	return w.Send(again...)
}

// Acknowledged asks the server how many stanzas it has handled, and tells it how many came.
func (w *Wire) Acknowledged(ctx context.Context) (Count, error) {
	err := w.Send("<r xmlns='"+smNamespace+"'/>", "<a xmlns='"+smNamespace+"' h='"+strconv.Itoa(w.Counted().Came)+"'/>")
	if err != nil {
		return Count{}, err
	}
	_, err = w.Await(ctx, "<a ")
	return w.Counted(), err
}
