package client

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

// sink is a connection whose other side takes everything.
type sink struct {
	net.Conn
	wrote bytes.Buffer
}

func (s *sink) Write(p []byte) (int, error)      { return s.wrote.Write(p) }
func (s *sink) SetDeadline(time.Time) error      { return nil }
func (s *sink) SetWriteDeadline(time.Time) error { return nil }

func frame(t testing.TB, op ws.OpCode, fin bool, payload string) []byte {
	t.Helper()
	b, err := ws.CompileFrame(ws.NewFrame(op, fin, []byte(payload)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestMessages: messages come whole, in however many frames; pings between them are answered.
func TestMessages(t *testing.T) {
	s := &sink{}
	wire := bytes.Join([][]byte{
		frame(t, ws.OpText, false, "<iq"), frame(t, ws.OpPing, true, "there?"), frame(t, ws.OpContinuation, true, "/>"),
		frame(t, ws.OpText, true, "<open xmlns='"+nsFraming+"'/>"), frame(t, ws.OpText, true, "<close xmlns='"+nsFraming+"'/>"),
		frame(t, ws.OpClose, true, ""),
	}, nil)
	w := &webSocket{conn: s, from: bufio.NewReader(bytes.NewReader(wire))}
	got, err := io.ReadAll(w)
	if want := "<iq/>" + header + "</stream:stream>"; string(got) != want || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	h, err := ws.ReadHeader(&s.wrote)
	if err != nil || h.OpCode != ws.OpPong || !h.Masked {
		t.Errorf("the ping was answered by %+v, %v", h, err)
	}
}

// TestTooLarge: a message over the bound is refused before it is read, in one frame or in many.
func TestTooLarge(t *testing.T) {
	huge := new(bytes.Buffer)
	if err := ws.WriteHeader(huge, ws.Header{Fin: true, OpCode: ws.OpText, Length: 1 << 60}); err != nil {
		t.Fatal(err)
	}
	many := frame(t, ws.OpText, false, string(make([]byte, 1000)))
	for range MaxMessage / 1000 {
		many = append(many, frame(t, ws.OpContinuation, false, string(make([]byte, 1000)))...)
	}
	for _, wire := range [][]byte{huge.Bytes(), many} {
		w := &webSocket{conn: &sink{}, from: bufio.NewReader(bytes.NewReader(wire))}
		if _, err := w.message(); !errors.Is(err, ErrTooMuch) {
			t.Errorf("%v", err)
		}
	}
}

// FuzzMessage: no bytes make a message longer than its bound or than what came, and what is sent in two frames comes as
// it was.
func FuzzMessage(f *testing.F) {
	f.Add([]byte("<iq/>"), 2)
	f.Add([]byte{0x81, 0xfe, 0xff, 0xff}, 0)
	f.Fuzz(func(t *testing.T, b []byte, cut int) {
		w := &webSocket{conn: &sink{}, from: bufio.NewReader(bytes.NewReader(b))}
		if m, err := w.message(); err == nil && len(m) > min(MaxMessage, len(b)) {
			t.Errorf("%d bytes of %d", len(m), len(b))
		}
		if cut < 0 || cut > len(b) || len(b) > MaxMessage {
			return
		}
		two := append(frame(t, ws.OpText, false, string(b[:cut])), frame(t, ws.OpContinuation, true, string(b[cut:]))...)
		w = &webSocket{conn: &sink{}, from: bufio.NewReader(bytes.NewReader(two))}
		if m, err := w.message(); err != nil || !bytes.Equal(m, b) {
			t.Errorf("%q came as %q, %v", b, m, err)
		}
	})
}
