package gateway

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"usher/auth/gateway/stanza"

	"usher/auth/gateway/budget"
	"usher/auth/gateway/login"
	"usher/auth/gateway/proxy"
)

// FuzzClientSide sends arbitrary bytes as a client does that has opened its
// WebSocket, and holds: to Prosody go well-formed, masked, whole frames only;
// after a login all messages that are whole, as they are; before it only what is
// on the list, with a ticket where a login is.
func FuzzClientSide(f *testing.F) {
	c := &wire{t: f, client: true}
	frame := func(fin bool, op ws.OpCode, payload string) []byte {
		return c.encoded(ws.Header{Fin: fin, OpCode: op}, payload)
	}
	for _, seed := range [][]byte{
		slices.Concat(frame(true, ws.OpText, streamTo), frame(true, ws.OpText, anonymous), frame(true, ws.OpText, `<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>`)),
		slices.Concat(frame(false, ws.OpText, anonymous[:30]), frame(true, ws.OpPing, "?"), frame(false, ws.OpContinuation, ""), frame(true, ws.OpContinuation, anonymous[30:])),
		slices.Concat(frame(true, ws.OpText, plain), frame(true, ws.OpBinary, "<a/>"), frame(true, ws.OpClose, "\x03\xe8bye")),
		slices.Concat(frame(true, ws.OpText, strings.Repeat("<a>", 400)), frame(true, ws.OpText, random(2000))),
		frame(true, ws.OpText, stream(anonymous)),
		{0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, '<'},
		{0xc1, 0x80, 0, 0, 0, 0},
	} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	s, a, _, _, _ := newServer(Options{LingerTimeout: time.Millisecond, JoinTimeout: time.Millisecond})
	s.Configure(Settings{MessageBytes: 1 << 20})
	f.Fuzz(func(t *testing.T, sent []byte, policed bool) {
		a.asked, a.waiting, a.cancelled = nil, nil, nil
		frames := relayed(s, login.Credentials{Guests: true, Token: aliceToken}, !policed, sent)
		var messages []string
		for i, fr := range frames {
			checkFrame(t, fr, i == len(frames)-1)
			if !fr.Header.OpCode.IsControl() {
				messages = append(messages, string(fr.Payload))
			}
		}
		want := wholeMessages(sent)
		if policed {
			checkPoliced(t, messages, want)
		} else if messages = slices.DeleteFunc(messages, isOurClose); !slices.Equal(messages, slices.DeleteFunc(want, isOurClose)) {
			t.Fatalf("%q reaches Prosody, want %q", messages, want)
		}
	})
}

func isOurClose(s string) bool { return s == stanza.Close }

// relayed has a session pass on what a client sends before it vanishes, and
// returns the frames that Prosody gets.
func relayed(s *Server, l login.Credentials, loggedIn bool, sent []byte) []ws.Frame {
	prosody := &memory{in: blocked{make(chan struct{})}}
	session := &session{Server: s, settings: s.settings.Load(), free: func() {}, began: time.Now(), login: &l}
	if loggedIn {
		session.progress.Resume("")
	}
	session.share = s.budget.Share(netip.Prefix{}, session.settings.MessageBytes)
	session.client.Open(&memory{in: io.NopCloser(bytes.NewReader(sent))}, nil, session.ofClient())
	session.prosody.Open(prosody, nil, session.ofProsody())
	s.sessions.serve(context.Background())
	s.sessions.start(session)
	s.sessions.all.Wait()
	var frames []ws.Frame
	for r := bytes.NewReader(prosody.out); ; {
		fr, err := readFrame(r)
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

// checkPoliced wants each message to be one that the client sent, in its order,
// but for the text of logins.
func checkPoliced(t *testing.T, messages, sent []string) {
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
		if n := strings.Count(m, base64.StdEncoding.EncodeToString([]byte(ticketText))[:8]); n != 1 {
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

// A sink takes requests instead of a server, and answers nothing of interest.
// The ends of sessions, which go on beside the test, it does not keep.
type sink struct {
	mu     sync.Mutex
	bodies []string
}

// RoundTrip implements [http.RoundTripper].
func (s *sink) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Header.Get("X-Forwarded-For") == "" { // it is no client's
		return nil, io.EOF
	}
	b, err := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bodies = append(s.bodies, string(b))
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("<a/>")), Request: r}, err
}

func (s *sink) take() (bodies []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	bodies, s.bodies = s.bodies, nil
	return bodies
}

// FuzzBOSH sends arbitrary bodies before a login, and holds: Prosody gets what
// was sent, if it can be read, and with a ticket where a login is; or it gets
// the end of the session, or nothing.
func FuzzBOSH(f *testing.F) {
	for _, s := range []string{creating(), creating(anonymous), body(2, anonymous), body(2, plain), body(2, "<a/>", anonymous), body(2, "<!-- -->"), "<a", "",
		body(2, `<p:auth xmlns:p="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="ANONYMOUS"></p:auth>`), strings.Replace(body(2, anonymous), "s1", "s2", 1)} {
		f.Add(s)
	}
	s, a, _, _, _ := newServer(Options{})
	s.Configure(Settings{Upstream: mustURL(f, "http://prosody.invalid")})
	to := &sink{}
	s.proxy = proxy.New(proxy.Options{Log: s.Log, Metrics: s.Metrics, WriteTimeout: s.WriteTimeout, Stopping: s.sessions.over, Transport: to})
	f.Cleanup(s.sessions.all.Wait)
	f.Fuzz(func(t *testing.T, sent string) {
		known := &boshSession{host: host, free: func() {}, began: time.Now()}
		s.bosh.bySID = map[string]*boshSession{"s1": known}
		a.asked, a.waiting, a.cancelled = nil, nil, nil
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, BOSHPath+"?token="+aliceToken, strings.NewReader(sent))
		s.ServeHTTP(httptest.NewRecorder(), r)
		if n, _ := s.proxy.Connections(); n != 0 {
			t.Fatal("a place is not given back")
		}
		for _, got := range to.take() {
			checkBody(t, sent, got)
		}
	})
}

// checkBody wants a body to hold nothing, or one step of a login; or, in a
// session that is not known, what means nothing before a login.
func checkBody(t *testing.T, sent, got string) {
	t.Helper()
	b, err := stanza.ParseBody([]byte(got))
	if err != nil || len(got) > budget.Piece+100 {
		t.Fatalf("%q reaches Prosody: %v", got, err)
	}
	if sid := b.Attribute("sid"); sid != "" && sid != "s1" {
		if got != sent || slices.ContainsFunc(b.Children, func(e stanza.Element) bool { return !e.Plain() }) {
			t.Fatalf("%q became %q, in a session that is not known", sent, got)
		}
		return
	}
	if len(b.Children) > 1 {
		t.Fatalf("%q reaches Prosody", got)
	}
	tickets := 0
	for _, e := range b.Children {
		if !slices.Contains([]stanza.Step{stanza.StepAuth, stanza.StepResponse, stanza.StepAbort}, e.Step()) {
			t.Fatalf("%q reaches Prosody", got)
		}
		if mechanism, _ := e.Login(); strings.EqualFold(mechanism, "ANONYMOUS") {
			tickets++
		}
	}
	if n := strings.Count(got, base64.StdEncoding.EncodeToString([]byte(ticketText))[:8]); n < tickets || tickets == 0 && got != sent {
		t.Fatalf("%q became %q, with %d logins and %d tickets", sent, got, tickets, n)
	}
}
