package client_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/internal/try/client"
)

const (
	anonymous = "<stream:features xmlns:stream='http://etherx.jabber.org/streams'><mechanisms " +
		"xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>ANONYMOUS</mechanism></mechanisms></stream:features>"
	success = "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"
)

// bound answers the question about an address.
const bound = "<iq type='result' id='try-1' xmlns='jabber:client'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>" +
	"<jid>a@b/c</jid></bind></iq>"

// A boshServer is a web server with BOSH that answers each question with the next text.
type boshServer struct {
	mu      sync.Mutex
	answers []string
	asked   []string
	rids    []int64
}

func (b *boshServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	text, _ := io.ReadAll(r.Body)
	var body struct {
		XMLName xml.Name
		RID     int64  `xml:"rid,attr"`
		SID     string `xml:"sid,attr"`
		Type    string `xml:"type,attr"`
		Inner   string `xml:",innerxml"`
	}
	if err := xml.Unmarshal(text, &body); err != nil {
		body.Inner = err.Error()
	}
	b.asked, b.rids = append(b.asked, body.SID+" "+body.Type+body.Inner), append(b.rids, body.RID)
	if len(b.answers) == 0 {
		return
	}
	answer := b.answers[0]
	b.answers = b.answers[1:]
	_, _ = io.WriteString(w, answer)
}

// wrapped is the body of an answer.
func wrapped(inner string) string {
	return "<body xmlns='http://jabber.org/protocol/httpbind' xmlns:stream='http://etherx.jabber.org/streams'>" + inner + "</body>"
}

// overBOSH is a stream to a web server.
func overBOSH(t *testing.T, h http.Handler) *client.Stream {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return client.BOSH(conn, client.Handshake{Target: "/http-bind?token=x", Host: "meet.example.com"}, "meet.example.com")
}

// TestBOSH: a login as a browser does it, with answers that come at once, later, and two in one body; each question has
// the next number and the session's name.
func TestBOSH(t *testing.T) {
	b := &boshServer{answers: []string{
		"<body xmlns='http://jabber.org/protocol/httpbind' sid='s&amp;1' xmlns:stream='http://etherx.jabber.org/streams'>" + anonymous + "</body>",
		wrapped(""), wrapped(success), "<body xmlns='http://jabber.org/protocol/httpbind'/>", wrapped("<stream:features/>"), wrapped("<message/>" + bound),
		wrapped(""),
	}}
	s := overBOSH(t, b)
	f, err := s.Open(t.Context())
	if err != nil || len(f.Mechanisms) != 1 || f.Mechanisms[0] != "ANONYMOUS" {
		t.Fatalf("%+v, %v", f, err)
	}
	if err := s.Login(t.Context(), client.Anonymous()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	if jid, err := s.Bind(t.Context()); err != nil || jid != "a@b/c" {
		t.Fatalf("%q, %v", jid, err)
	}
	_ = s.Close()
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, rid := range b.rids {
		if rid != b.rids[0]+int64(i) || rid < 1 {
			t.Errorf("the numbers are %v", b.rids)
		}
	}
	if b.asked[0] != " " || !strings.HasPrefix(b.asked[1], "s&1 <auth ") || b.asked[2] != "s&1 " || b.asked[3] != "s&1 " ||
		!strings.Contains(b.asked[5], "<iq xmlns='jabber:client'") || b.asked[6] != "s&1 terminate" {
		t.Errorf("%q", b.asked)
	}
}

// TestBOSHRefused: what ends a session, and a web server that has no BOSH, are told apart.
func TestBOSHRefused(t *testing.T) {
	const ends = "<body xmlns='http://jabber.org/protocol/httpbind' type='terminate' condition='"
	for answer, want := range map[string]string{
		ends + "host-unknown'/>": "host-unknown",
		ends + "remote-stream-error' xmlns:stream='http://etherx.jabber.org/streams'><stream:error>" +
			"<not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></body>": "not-authorized",
	} {
		_, err := overBOSH(t, &boshServer{answers: []string{answer}}).Open(t.Context())
		if of, ok := errors.AsType[*client.StreamError](err); !ok || of.Condition != want {
			t.Errorf("%s: %v", answer, err)
		}
	}
	_, err := overBOSH(t, http.NotFoundHandler()).Open(t.Context())
	if of, ok := errors.AsType[*client.StatusError](err); !ok || of.Status != http.StatusNotFound {
		t.Errorf("%v", err)
	}
	for _, odd := range []string{"", "<html/>", "no XML", "<body/>", "<body xmlns='http://jabber.org/protocol/httpbind'"} {
		if _, err := overBOSH(t, &boshServer{answers: []string{odd}}).Open(t.Context()); err == nil {
			t.Errorf("%q is taken", odd)
		}
	}
}

// TestBOSHHostile: a web server that answers without end, or with too much, is left.
func TestBOSHHostile(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"nothing, again and again": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, wrapped("")) },
		"one large body": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, wrapped(strings.Repeat("<message/>", client.MaxMessage/10)))
		},
	} {
		if _, err := overBOSH(t, h).Open(t.Context()); !errors.Is(err, client.ErrTooMuch) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestBOSHSilentEnd: a web server that does not answer keeps nobody from closing.
func TestBOSHSilentEnd(t *testing.T) {
	ends := make(chan struct{})
	b := &boshServer{answers: []string{
		"<body xmlns='http://jabber.org/protocol/httpbind' sid='s' xmlns:stream='http://etherx.jabber.org/streams'>" + anonymous + "</body>",
	}}
	s := overBOSH(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		left := len(b.answers)
		b.mu.Unlock()
		if left == 0 {
			<-ends
			return
		}
		b.ServeHTTP(w, r)
	}))
	t.Cleanup(func() { close(ends) })
	if _, err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	closed := make(chan struct{})
	go func() { _ = s.Close(); close(closed) }()
	select {
	case <-closed:
	case <-time.After(3 * time.Second):
		t.Fatal("it waits for the answer to its goodbye")
	}
}
