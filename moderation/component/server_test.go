package component

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

const testSecret = "s3cret"

// A server is a scripted Prosody: it takes the handshake and answers IQs with what the test gives it. Real ones are in
// the end-to-end tests; this one misbehaves.
type server struct {
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

func newServer() *server { return &server{} }

// dial connects a client.
func (s *server) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns = append(s.conns, ours)
	go s.serve(ours)
	return theirs, nil
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
	c := New(Config{JID: "usher.example.com", Address: "prosody:5347", Secret: secret}, Options{
		Log: slog.New(slog.NewTextHandler(log, nil)), MinBackoff: time.Millisecond, MaxBackoff: 20 * time.Millisecond,
		AnswerWithin: 300 * time.Millisecond, PingEvery: 50 * time.Millisecond})
	c.dial = s.dial
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- c.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done; s.cut() })
	return c, log
}
