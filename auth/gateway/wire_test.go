package gateway

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

// secretRoom stands in the query of every connection. No log may have it.
const secretRoom = "secretroom"

// patience is how long tests wait for what should come at once.
const patience = 30 * time.Second

// A wire is the test's own side of a WebSocket, frame by frame: a client's, or
// the upstream's.
type wire struct {
	t      testing.TB
	conn   net.Conn
	in     *bufio.Reader
	client bool          // it masks what it sends
	asked  *http.Request // of the upstream: the handshake

	patience time.Duration
}

func newWire(t testing.TB, conn net.Conn, early *bufio.Reader, client bool) *wire {
	var from io.Reader = conn
	if early != nil && early.Buffered() > 0 {
		b, _ := early.Peek(early.Buffered())
		from = io.MultiReader(strings.NewReader(string(b)), conn)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &wire{t: t, conn: conn, in: bufio.NewReader(from), client: client, patience: patience}
}

// dial connects as a browser's page does.
func (w *world) dial(query string, header http.Header) (*wire, error) {
	if header == nil {
		header = http.Header{"Origin": {page}}
	}
	d := ws.Dialer{Protocols: []string{"xmpp"}, Header: ws.HandshakeHeaderHTTP(header)}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, early, _, err := d.Dial(ctx, "ws://"+w.address+WebSocketPath+"?room="+secretRoom+query)
	if err != nil {
		return nil, err
	}
	return newWire(w.t, conn, early, true), nil
}

// open connects with a token, or without, and returns both ends.
func (w *world) open(token string) (client, prosody *wire) {
	w.t.Helper()
	query := ""
	if token != "" {
		query = "&token=" + token
	}
	client, err := w.dial(query, nil)
	if err != nil {
		w.t.Fatalf("%v\n%s", err, w.log)
	}
	return client, w.upstream.socket()
}

// raw sends bytes as they are.
func (c *wire) raw(p []byte) {
	c.t.Helper()
	_ = c.conn.SetWriteDeadline(time.Now().Add(c.patience))
	if _, err := c.conn.Write(p); err != nil {
		c.t.Fatalf("sending %d bytes: %v", len(p), err)
	}
}

// encoded is a frame as this side sends it. Its length and mask are filled in.
func (c *wire) encoded(h ws.Header, payload string) []byte {
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

func (c *wire) frame(fin bool, op ws.OpCode, payload string) {
	c.t.Helper()
	c.raw(c.encoded(ws.Header{Fin: fin, OpCode: op}, payload))
}

func (c *wire) text(s string) {
	c.t.Helper()
	c.frame(true, ws.OpText, s)
}

func (c *wire) closeFrame(code ws.StatusCode, reason string) {
	c.t.Helper()
	c.frame(true, ws.OpClose, string(ws.NewCloseFrameBody(code, reason)))
}

// readFrame reads a frame as it is; who sends it here is to be trusted with its length.
func readFrame(r io.Reader) (f ws.Frame, err error) {
	if f.Header, err = ws.ReadHeader(r); err == nil {
		f.Payload = make([]byte, f.Header.Length)
		_, err = io.ReadFull(r, f.Payload)
	}
	return f, err
}

// next reads a frame as it is, and unmasks its payload.
func (c *wire) next() (ws.Frame, error) {
	_ = c.conn.SetReadDeadline(time.Now().Add(c.patience))
	f, err := readFrame(c.in)
	if err == nil && f.Header.Masked {
		ws.Cipher(f.Payload, f.Header.Mask, 0)
	}
	return f, err
}

// expectFrame wants the next frame to be whole and, by who sent it, masked or not.
func (c *wire) expectFrame(op ws.OpCode) string {
	c.t.Helper()
	f, err := c.next()
	if err != nil {
		c.t.Fatalf("waiting for a frame: %v", err)
	}
	if h := f.Header; h.OpCode != op || !h.Fin || h.Rsv != 0 || h.Masked == c.client {
		c.t.Fatalf("got %+v with %.80q, want opcode %d, whole and masked %v", h, f.Payload, op, !c.client)
	}
	return string(f.Payload)
}

func (c *wire) expect(want string) {
	c.t.Helper()
	if got := c.expectFrame(ws.OpText); got != want {
		c.t.Fatalf("got  %.300q\nwant %.300q", got, want)
	}
}

// expectOne wants a text that has all of these in it.
func (c *wire) expectOne(parts ...string) string {
	c.t.Helper()
	got := c.expectFrame(ws.OpText)
	for _, part := range parts {
		if !strings.Contains(got, part) {
			c.t.Fatalf("got %.300q, want %q in it", got, part)
		}
	}
	return got
}

func (c *wire) expectClose(code ws.StatusCode, reason string) {
	c.t.Helper()
	if got := c.expectFrame(ws.OpClose); got != string(ws.NewCloseFrameBody(code, reason)) {
		code, reason := ws.ParseCloseFrameData([]byte(got))
		c.t.Fatalf("the close frame says %d %q", code, reason)
	}
}

// expectEnd wants the connection to end without another frame.
func (c *wire) expectEnd() {
	c.t.Helper()
	f, err := c.next()
	if err == nil || isTimeout(err) {
		c.t.Fatalf("the connection goes on with %+v %.200q, %v", f.Header, f.Payload, err)
	}
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}
