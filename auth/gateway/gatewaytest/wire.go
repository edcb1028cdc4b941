package gatewaytest

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

// A Wire is the test's own side of a WebSocket, frame by frame: a client's, or
// the upstream's. Its methods fail the test where they cannot do what they say.
type Wire struct {
	Conn    net.Conn
	In      *bufio.Reader
	Asked   *http.Request // of the upstream: the handshake
	Timeout time.Duration // for each frame

	t      testing.TB
	client bool // it masks what it sends
	later  func() *Wire
}

// Later returns the side of a connection that is still to come. What is done with it
// first waits for that.
func Later(t testing.TB, wait func() *Wire) *Wire {
	return &Wire{t: t, Timeout: Timeout, later: wait}
}

// Here waits for a connection that is still to come.
func (c *Wire) Here() *Wire {
	c.t.Helper()
	if wait := c.later; wait != nil {
		timeout := c.Timeout
		*c = *wait()
		c.Timeout = timeout
	}
	return c
}

// NewWire returns the side of a client, or of a server, on a connection of which
// early may have read something.
func NewWire(t testing.TB, conn net.Conn, early *bufio.Reader, client bool) *Wire {
	var from io.Reader = conn
	if early != nil && early.Buffered() > 0 {
		b, _ := early.Peek(early.Buffered())
		from = io.MultiReader(strings.NewReader(string(b)), conn)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &Wire{t: t, Conn: conn, In: bufio.NewReader(from), client: client, Timeout: Timeout}
}

// Raw sends bytes as they are.
func (c *Wire) Raw(p []byte) {
	c.t.Helper()
	_ = c.Here().Conn.SetWriteDeadline(time.Now().Add(c.Timeout))
	if _, err := c.Conn.Write(p); err != nil {
		c.t.Fatalf("sending %d bytes: %v", len(p), err)
	}
}

// Encoded is a frame as this side sends it. Its length and mask are filled in.
func (c *Wire) Encoded(h ws.Header, payload string) []byte {
	p := []byte(payload)
	h.Length = int64(len(p))
	if c.client {
		h.Masked, h.Mask = true, ws.NewMask()
		ws.Cipher(p, h.Mask, 0)
	}
	var b strings.Builder
	if err := ws.WriteFrame(&b, ws.Frame{Header: h, Payload: p}); err != nil {
		c.t.Fatal(err)
	}
	return []byte(b.String())
}

// Frame sends a frame.
func (c *Wire) Frame(fin bool, op ws.OpCode, payload string) {
	c.t.Helper()
	c.Raw(c.Encoded(ws.Header{Fin: fin, OpCode: op}, payload))
}

// Try sends a frame, if that can be done.
func (c *Wire) Try(fin bool, op ws.OpCode, payload string) error {
	_, err := c.Here().Conn.Write(c.Encoded(ws.Header{Fin: fin, OpCode: op}, payload))
	return err
}

// Text sends a message.
func (c *Wire) Text(s string) {
	c.t.Helper()
	c.Frame(true, ws.OpText, s)
}

// CloseFrame sends one.
func (c *Wire) CloseFrame(code ws.StatusCode, reason string) {
	c.t.Helper()
	c.Frame(true, ws.OpClose, string(ws.NewCloseFrameBody(code, reason)))
}

// ReadFrame reads a frame as it is; who sends it here is to be trusted with its
// length.
func ReadFrame(r io.Reader) (f ws.Frame, err error) {
	if f.Header, err = ws.ReadHeader(r); err == nil {
		f.Payload = make([]byte, f.Header.Length)
		_, err = io.ReadFull(r, f.Payload)
	}
	return f, err
}

// Next reads a frame as it is, and unmasks its payload.
func (c *Wire) Next() (ws.Frame, error) {
	_ = c.Here().Conn.SetReadDeadline(time.Now().Add(c.Timeout))
	f, err := ReadFrame(c.In)
	if err == nil && f.Header.Masked {
		ws.Cipher(f.Payload, f.Header.Mask, 0)
	}
	return f, err
}

// ExpectFrame wants the next frame to be whole and, by who sent it, masked or not.
func (c *Wire) ExpectFrame(op ws.OpCode) string {
	c.t.Helper()
	f, err := c.Next()
	if err != nil {
		c.t.Fatalf("waiting for a frame: %v", err)
	}
	if h := f.Header; h.OpCode != op || !h.Fin || h.Rsv != 0 || h.Masked == c.client {
		c.t.Fatalf("got %+v with %.80q, want opcode %d, whole and masked %v", h, f.Payload, op, !c.client)
	}
	return string(f.Payload)
}

// Expect wants the next frame to be this text.
func (c *Wire) Expect(want string) {
	c.t.Helper()
	if got := c.ExpectFrame(ws.OpText); got != want {
		c.t.Fatalf("got  %.300q\nwant %.300q", got, want)
	}
}

// ExpectOne wants a text that has all of these in it.
func (c *Wire) ExpectOne(parts ...string) string {
	c.t.Helper()
	got := c.ExpectFrame(ws.OpText)
	for _, part := range parts {
		if !strings.Contains(got, part) {
			c.t.Fatalf("got %.300q, want %q in it", got, part)
		}
	}
	return got
}

// ExpectClose wants a close frame with this code and reason.
func (c *Wire) ExpectClose(code ws.StatusCode, reason string) {
	c.t.Helper()
	if got := c.ExpectFrame(ws.OpClose); got != string(ws.NewCloseFrameBody(code, reason)) {
		code, reason := ws.ParseCloseFrameData([]byte(got))
		c.t.Fatalf("the close frame says %d %q", code, reason)
	}
}

// ExpectEnd wants the connection to end without another frame.
func (c *Wire) ExpectEnd() {
	c.t.Helper()
	f, err := c.Next()
	if err == nil || IsTimeout(err) {
		c.t.Fatalf("the connection goes on with %+v %.200q, %v", f.Header, f.Payload, err)
	}
}

// Drained wants nothing to come but the end.
func (c *Wire) Drained() {
	c.t.Helper()
	for {
		f, err := c.Next()
		if err != nil {
			return
		}
		if !f.Header.OpCode.IsControl() {
			c.t.Fatalf("Prosody gets %s", f.Payload)
		}
	}
}

// Head reads the head of an answer of HTTP and wants its status.
func (c *Wire) Head(status string) string {
	c.t.Helper()
	_ = c.Conn.SetReadDeadline(time.Now().Add(Timeout))
	var b strings.Builder
	for {
		line, err := c.In.ReadString('\n')
		if err != nil {
			c.t.Fatalf("after %q: %v", b.String(), err)
		}
		if b.WriteString(line); line == "\r\n" {
			break
		}
	}
	if !strings.HasPrefix(b.String(), "HTTP/1.1 "+status) {
		c.t.Fatalf("got %q, want %s", b.String(), status)
	}
	return b.String()
}

// IsTimeout reports whether nothing came in time, which is no end.
func IsTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}
