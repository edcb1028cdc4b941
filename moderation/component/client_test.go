package component

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/moderation"
)

const testSecret = "s3cret"

// A server is a scripted Prosody: it takes the handshake and answers IQs with what the test gives it. Real ones are in
// the end-to-end tests; this one misbehaves.
type server struct {
	t      *testing.T
	l      net.Listener
	answer func(id, to, query string) string // of an IQ; empty: none
	greet  func(conn net.Conn) bool          // instead of the handshake's answer

	mu    sync.Mutex
	conns []net.Conn
	log   strings.Builder
}

// script changes what the server does.
func (s *server) script(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// now returns what it does.
func (s *server) now() (answer func(id, to, query string) string, greet func(net.Conn) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.answer, s.greet
}

func newServer(t *testing.T) *server {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, l: l}
	t.Cleanup(func() { _ = l.Close(); s.cut() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns = append(s.conns, conn)
			s.mu.Unlock()
			go s.serve(conn)
		}
	}()
	return s
}

func (s *server) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		_ = c.Close()
	}
	s.conns = nil
}

func (s *server) serve(conn net.Conn) {
	defer conn.Close()
	dec := xml.NewDecoder(conn)
	for {
		token, err := dec.Token()
		if err != nil {
			return
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch start.Name.Local {
		case "stream":
			fmt.Fprint(conn, "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' id='abc' from='x'>")
		case "handshake":
			var got string
			_ = dec.DecodeElement(&got, &start)
			sum := sha1.Sum([]byte("abc" + testSecret))
			if _, greet := s.now(); greet != nil && !greet(conn) {
				return
			}
			if got != hex.EncodeToString(sum[:]) {
				fmt.Fprint(conn, "<stream:error><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>Given token does not match calculated token</text></stream:error></stream:stream>")
				return
			}
			fmt.Fprint(conn, "<handshake/>")
		case "iq":
			var in struct {
				ID    string `xml:"id,attr"`
				To    string `xml:"to,attr"`
				Inner string `xml:",innerxml"`
			}
			if dec.DecodeElement(&in, &start) != nil {
				return
			}
			s.mu.Lock()
			s.log.WriteString(in.Inner + "\n")
			s.mu.Unlock()
			if answer, _ := s.now(); answer != nil {
				fmt.Fprint(conn, answer(in.ID, in.To, in.Inner))
			}
		}
	}
}

func (s *server) client(t *testing.T, secret string) (*Client, *lines) {
	log := &lines{}
	c := New(Config{JID: "usher.example.com", Address: s.l.Addr().String(), Secret: secret}, Options{
		Log: slog.New(slog.NewTextHandler(log, nil)), MinBackoff: time.Millisecond, MaxBackoff: 20 * time.Millisecond, AnswerWithin: 300 * time.Millisecond, PingEvery: 50 * time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- c.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return c, log
}

// lines is a log that can be read while it is written.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) await(t *testing.T, text string) {
	t.Helper()
	for range 300 {
		l.mu.Lock()
		found := strings.Contains(l.b.String(), text)
		l.mu.Unlock()
		if found {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("the log does not have %q", text)
}

func up(t *testing.T, c *Client) {
	t.Helper()
	select {
	case <-c.Connected():
	case <-time.After(3 * time.Second):
		t.Fatalf("not connected: %s", c.Problem())
	}
}

func result(id, from, query string) string {
	return fmt.Sprintf("<iq type='result' id='%s' from='%s' to='usher.example.com'>%s</iq>", id, from, query)
}

func TestSetEscapesNames(t *testing.T) {
	s := newServer(t)
	s.script(func() { s.answer = func(id, to, _ string) string { return result(id, escape(to), "") } })
	c, _ := s.client(t, testSecret)
	up(t, c)
	evil := `a'/><item affiliation='owner' jid='eve@x`
	if err := c.SetAffiliation(t.Context(), "r&'<@c", evil, moderation.Owner); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	got := s.log.String()
	s.mu.Unlock()
	var q adminQuery
	if err := xml.Unmarshal([]byte(got), &q); err != nil || len(q.Items) != 1 || q.Items[0].JID != evil {
		t.Errorf("arrived as %q: %+v, %v", got, q, err)
	}
	for _, name := range []string{"a\x00b", "a\x1fb", "\xff", "a\ufffe"} {
		if err := c.SetAffiliation(t.Context(), "r@c", name, moderation.Owner); !errors.Is(err, errUnwritable) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestErrors(t *testing.T) {
	s := newServer(t)
	var condition string
	answer := func(id, to, _ string) string {
		s.mu.Lock()
		defer s.mu.Unlock()
		return fmt.Sprintf("<iq type='error' id='%s' from='%s'><error type='cancel'><%s xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>why</text></error></iq>", id, to, condition)
	}
	s.script(func() { s.answer = answer })
	c, log := s.client(t, testSecret)
	up(t, c)
	for name, want := range map[string]error{"item-not-found": moderation.ErrNoRoom, "forbidden": moderation.ErrForbidden, "not-allowed": moderation.ErrForbidden} {
		s.script(func() { condition = name })
		if _, err := c.Affiliations(t.Context(), "r@c"); !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.script(func() { condition = "internal-server-error" })
	if _, err := c.Occupants(t.Context(), "r@c"); err == nil || !strings.Contains(err.Error(), "internal-server-error") {
		t.Errorf("%v", err)
	}
	log.await(t, "component_admins_as_room_owners = true")
}

// TestSilence: no answer costs a deadline, an answer of somebody else counts for nothing, and a cut connection ends all
// questions at once.
func TestSilence(t *testing.T) {
	s := newServer(t)
	c, _ := s.client(t, testSecret)
	up(t, c)
	began := time.Now()
	if err := c.SetAffiliation(t.Context(), "r@c", "a@h", moderation.Owner); err == nil || time.Since(began) > 2*time.Second {
		t.Errorf("no answer: %v after %v", err, time.Since(began))
	}
	s.script(func() { s.answer = func(id, _, _ string) string { return result(id, "evil@c", "") } })
	if err := c.SetAffiliation(t.Context(), "r@c", "a@h", moderation.Owner); err == nil {
		t.Error("somebody else's answer was taken")
	}
	s.script(func() { s.answer = nil })
	done := make(chan error, 1)
	go func() { done <- c.SetAffiliation(t.Context(), "r@c", "a@h", moderation.Owner) }()
	time.Sleep(50 * time.Millisecond)
	s.cut()
	if err := <-done; !errors.Is(err, moderation.ErrUnreachable) {
		t.Errorf("cut: %v", err)
	}
	up(t, c) // and it is back
}

func TestRefusedHandshake(t *testing.T) {
	s := newServer(t)
	c, log := s.client(t, "wrong")
	log.await(t, "component_secret under Component")
	if err := c.SetAffiliation(t.Context(), "r@c", "a@h", moderation.Owner); !errors.Is(err, moderation.ErrUnreachable) {
		t.Errorf("%v", err)
	}
	c.Configure(Config{JID: "usher.example.com", Address: s.l.Addr().String(), Secret: testSecret}) // mended
	up(t, c)
	if c.Problem() != "" {
		t.Error(c.Problem())
	}
	log.mu.Lock()
	defer log.mu.Unlock()
	if strings.Contains(log.b.String(), testSecret) {
		t.Error("the log has the secret")
	}
}

// TestDeadPeer: a connection on which nothing comes back is given up.
func TestDeadPeer(t *testing.T) {
	s := newServer(t)
	c, log := s.client(t, testSecret)
	up(t, c)
	log.await(t, "no answer from Prosody any more")
	up(t, c)
}

// TestGarbage: whatever a server sends, the client neither hangs nor ends.
func TestGarbage(t *testing.T) {
	for _, text := range []string{"", "<", "garbage", "<stream:error/>", "</stream:stream>", "<iq", strings.Repeat("<a>", 1000), "<!DOCTYPE x [<!ENTITY y 'z'>]>", "\x00"} {
		s := newServer(t)
		s.script(func() {
			s.greet = func(conn net.Conn) bool { _, _ = io.WriteString(conn, text); return false }
		})
		c, log := s.client(t, testSecret)
		log.await(t, "component not connected")
		s.script(func() { s.greet = nil })
		up(t, c)
	}
}
