package stream

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"usher/auth/gateway/budget"
	"usher/auth/gateway/gatewaytest"
	"usher/auth/gateway/login"
	"usher/auth/gateway/stanza"
)

// FuzzClientSide sends arbitrary bytes as a client does that has opened its
// WebSocket, and holds: to Prosody go well-formed, masked, whole frames only;
// after a login all messages that are whole, as they are; before it only what is
// on the list, with a ticket where a login is.
func FuzzClientSide(f *testing.F) {
	c := gatewaytest.NewWire(f, &memory{in: blocked{make(chan struct{})}}, nil, true)
	frame := func(fin bool, op ws.OpCode, payload string) []byte {
		return c.Encoded(ws.Header{Fin: fin, OpCode: op}, payload)
	}
	for _, seed := range [][]byte{
		slices.Concat(frame(true, ws.OpText, gatewaytest.StreamTo), frame(true, ws.OpText, gatewaytest.Anonymous), frame(true, ws.OpText, `<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>`)),
		slices.Concat(frame(false, ws.OpText, gatewaytest.Anonymous[:30]), frame(true, ws.OpPing, "?"), frame(false, ws.OpContinuation, ""), frame(true, ws.OpContinuation, gatewaytest.Anonymous[30:])),
		slices.Concat(frame(true, ws.OpText, gatewaytest.Plain), frame(true, ws.OpBinary, "<a/>"), frame(true, ws.OpClose, "\x03\xe8bye")),
		slices.Concat(frame(true, ws.OpText, strings.Repeat("<a>", 400)), frame(true, ws.OpText, gatewaytest.Random(2000))),
		frame(true, ws.OpText, gatewaytest.Stream(gatewaytest.Anonymous)),
		{0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, '<'},
		{0xc1, 0x80, 0, 0, 0, 0},
	} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	w := gatewaytest.NewWorld(f)
	sessions := NewSessions(withWorld(Options{LingerTimeout: time.Millisecond, JoinTimeout: time.Millisecond}, w))
	f.Fuzz(func(t *testing.T, sent []byte, filtered bool) {
		w.Auth.Reset()
		frames := relayed(sessions, login.Credentials{Guests: true, Token: gatewaytest.AliceToken}, !filtered, sent)
		var messages []string
		for i, fr := range frames {
			checkFrame(t, fr, i == len(frames)-1)
			if !fr.Header.OpCode.IsControl() {
				messages = append(messages, string(fr.Payload))
			}
		}
		want := wholeMessages(sent)
		if filtered {
			checkFiltered(t, messages, want)
		} else if messages = slices.DeleteFunc(messages, isOurClose); !slices.Equal(messages, slices.DeleteFunc(want, isOurClose)) {
			t.Fatalf("%q reaches Prosody, want %q", messages, want)
		}
	})
}

func isOurClose(s string) bool { return s == stanza.Close }

// relayed has a session pass on what a client sends before it vanishes, and
// returns the frames that Prosody gets.
func relayed(t *Sessions, l login.Credentials, loggedIn bool, sent []byte) []ws.Frame {
	prosody := &memory{in: blocked{make(chan struct{})}}
	const most = 1 << 20
	s := t.New(Client{MessageBytes: most, Share: (&budget.Budget{}).Share(netip.Prefix{}, most), Release: func() {}})
	if loggedIn {
		s.progress.Resume("")
	}
	s.client.Open(&memory{in: io.NopCloser(bytes.NewReader(sent))}, nil, s.optionsOfClient())
	s.connected(prosody, l)
	t.Serve(context.Background())
	s.Run()
	t.all.Wait()
	var frames []ws.Frame
	for r := bytes.NewReader(prosody.out); ; {
		fr, err := gatewaytest.ReadFrame(r)
		if err != nil {
			return frames
		}
		ws.Cipher(fr.Payload, fr.Header.Mask, 0)
		frames = append(frames, fr)
	}
}

// memory is a connection without a socket, and without deadlines.
type memory struct {
	net.Conn // none: it only makes this a net.Conn
	in       io.ReadCloser
	out      []byte
}

func (m *memory) Read(p []byte) (int, error)       { return m.in.Read(p) }
func (m *memory) Write(p []byte) (int, error)      { m.out = append(m.out, p...); return len(p), nil }
func (m *memory) Close() error                     { return m.in.Close() }
func (m *memory) SetDeadline(time.Time) error      { return nil }
func (m *memory) SetReadDeadline(time.Time) error  { return nil }
func (m *memory) SetWriteDeadline(time.Time) error { return nil }

// blocked says nothing until it is closed.
type blocked struct{ closed chan struct{} }

func (b blocked) Read([]byte) (int, error) {
	<-b.closed
	return 0, io.EOF
}

func (b blocked) Close() error {
	close(b.closed)
	return nil
}

func checkFrame(t *testing.T, f ws.Frame, last bool) {
	t.Helper()
	h := f.Header
	if err := ws.CheckHeader(h, ws.StateServerSide); err != nil || !h.Fin {
		t.Fatalf("Prosody gets %+v: %v", h, err)
	}
	if h.OpCode == ws.OpClose && !last {
		t.Fatal("something follows a close frame")
	}
	code, reason := ws.ParseCloseFrameData(f.Payload)
	if h.OpCode == ws.OpClose && (len(f.Payload) == 1 || len(f.Payload) > 1 && ws.CheckCloseFrameData(code, reason) != nil) {
		t.Fatalf("Prosody gets a close frame that says %q", f.Payload)
	}
}

// checkFiltered wants each message to be one that the client sent, in its order,
// but for the text of logins.
func checkFiltered(t *testing.T, messages, sent []string) {
	t.Helper()
	for i, m := range messages {
		e, err := stanza.Parse([]byte(m))
		if err != nil || len(m) > budget.Piece+100 {
			t.Fatalf("%q reaches Prosody: %v", m, err)
		}
		if isOurClose(m) && i == len(messages)-1 {
			return
		}
		if !slices.Contains([]string{"open", "close", "auth", "response", "abort"}, e.Name.Local) || (i == 0) != (e.Name.Local == "open") {
			t.Fatalf("%q reaches Prosody as message %d", m, i)
		}
		if !e.Anonymous() {
			if strings.EqualFold(e.Attribute("mechanism"), "ANONYMOUS") {
				t.Fatalf("%q reaches Prosody", m)
			}
			if !slices.Contains(sent, m) {
				t.Fatalf("%q reaches Prosody, and was not sent", m)
			}
			continue
		}
		if n := strings.Count(m, base64.StdEncoding.EncodeToString([]byte(gatewaytest.TicketText))[:8]); n != 1 {
			t.Fatalf("%q has %d tickets", m, n)
		}
	}
}

// wholeMessages reads a client's frames by RFC 6455 alone, up to the first that
// breaks it or is a close frame.
func wholeMessages(sent []byte) (messages []string) {
	r, state, message := bytes.NewReader(sent), ws.StateServerSide, ""
	for {
		h, err := ws.ReadHeader(r)
		if err != nil || ws.CheckHeader(h, state) != nil || h.Length > int64(r.Len()) {
			return messages
		}
		payload := make([]byte, h.Length)
		_, _ = io.ReadFull(r, payload)
		ws.Cipher(payload, h.Mask, 0)
		switch {
		case h.OpCode == ws.OpClose:
			return messages
		case h.OpCode.IsControl():
			continue
		case h.Fin:
			messages, message, state = append(messages, message+string(payload)), "", ws.StateServerSide
		default:
			message, state = message+string(payload), ws.StateServerSide|ws.StateFragmented
		}
	}
}
