package gateway

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"usher/auth"
	"usher/auth/gateway/stanza"
	"usher/metrics"
)

// TestStop: clients are told that the stream is over, and Prosody sees only a
// connection that ends, so that it keeps the stream.
func TestStop(t *testing.T) {
	w := newWorld(t, Options{LingerTimeout: time.Minute}) // which nobody needs
	var clients, ends []*wire
	for range 20 {
		client, prosody := w.guest()
		client.text("<before/>")
		prosody.expect("<before/>")
		clients, ends = append(clients, client), append(ends, prosody)
	}
	stopped := make(chan error)
	go func() { stopped <- w.stop() }()
	for i, client := range clients {
		client.expect(stanza.Close)
		client.expectClose(ws.StatusGoingAway, "")
		ends[i].expectEnd()
		if i%2 == 0 {
			client.closeFrame(ws.StatusGoingAway, "") // as browsers do
		} else {
			_ = client.conn.Close()
		}
	}
	if err := receive(t, stopped); err != nil {
		t.Error(err)
	}
	if n := len(w.sessions.list()); n > 0 {
		t.Errorf("%d sessions are left", n)
	}
	w.counted(metrics.GatewayEnded, "stopped", 20)
	if _, err := w.dial("", nil); err == nil {
		t.Error("a connection after the stop")
	}
}

// TestStopWithLogins: a ticket that was not used is cancelled.
func TestStopWithLogins(t *testing.T) {
	w := newWorld(t, Options{})
	client, _ := w.trying(aliceToken)
	if err := w.stop(); err != nil {
		t.Error(err)
	}
	client.expect(stanza.Close)
	client.expectClose(ws.StatusGoingAway, "")
	if w.auth.left() != 0 {
		t.Error("a ticket is left")
	}
}

// TestStopWithClientsThatDoNotRead: they are cut off after a moment, whether a
// frame is on its way to them or not.
func TestStopWithClientsThatDoNotRead(t *testing.T) {
	w := newWorld(t, Options{WriteTimeout: time.Hour})
	_, idle := w.guest()
	for range 3 {
		_, prosody := w.guest()
		go func() {
			piece := prosody.encoded(ws.Header{Fin: true, OpCode: ws.OpText}, random(1<<20))
			for {
				if _, err := prosody.conn.Write(piece); err != nil {
					return
				}
			}
		}()
	}
	time.Sleep(20 * time.Millisecond) // not that much is needed: a slow start makes the test easier
	if err := w.stop(); err != nil {
		t.Error(err)
	}
	idle.expectEnd()
	w.counted(metrics.GatewayEnded, "stopped", 4)
}

// TestStopWithHalfARequest: nobody keeps the others from being told, or Serve
// from returning, by a request that is not whole, by none at all, or by an answer
// that he does not read.
func TestStopWithHalfARequest(t *testing.T) {
	w := newWorld(t, Options{WriteTimeout: time.Hour, HandshakeTimeout: time.Hour})
	var halves []*wire
	for _, half := range []string{"", "GET / HT", posting(body(2))[:200], "PUT " + BOSHPath + " HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"} {
		c := w.connect()
		c.raw([]byte(half))
		halves = append(halves, c)
	}
	reader := w.connect()
	_ = reader.conn.(*net.TCPConn).SetReadBuffer(4096)
	reader.raw([]byte(posting(body(3))))
	w.upstream.post().answer <- told(strings.Repeat("x", 32<<20))
	client, prosody := w.guest()
	stopped := make(chan error)
	go func() { stopped <- w.stop() }()
	client.expect(stanza.Close)
	client.expectClose(ws.StatusGoingAway, "")
	prosody.expectEnd()
	if err := receive(t, stopped); err != nil {
		t.Error(err)
	}
	for i, c := range halves {
		_ = c.conn.SetReadDeadline(time.Now().Add(patience))
		if _, err := io.ReadAll(c.in); isTimeout(err) {
			t.Errorf("connection %d stays", i)
		}
	}
}

// TestStopWithBOSH: requests that wait are answered with 503, and their sessions
// go on at Prosody.
func TestStopWithBOSH(t *testing.T) {
	w := newWorld(t, Options{})
	w.session("")
	var waiting []<-chan answer
	for i := range 5 {
		waiting = append(waiting, w.send("", body(2+i)))
		w.upstream.post()
	}
	if err := w.stop(); err != nil {
		t.Error(err)
	}
	for _, c := range waiting {
		a := receive(t, c)
		a.wants(t, http.StatusServiceUnavailable, "usher is about to stop")
		if a.header.Get("Retry-After") == "" || a.header.Get("Access-Control-Allow-Origin") != page {
			t.Errorf("%v", a.header)
		}
	}
	w.upstream.untouched()
}

// TestStopWithHandshakes: those that wait for Prosody are refused.
func TestStopWithHandshakes(t *testing.T) {
	w := newWorld(t, Options{HandshakeTimeout: time.Hour})
	l := silent(t)
	w.settings.Upstream = mustURL(t, "http://"+l.Addr().String())
	w.Configure(w.settings)
	c := w.connect()
	c.raw([]byte(handshake("Sec-WebSocket-Version: 13\r\n", "Upgrade: websocket\r\n")))
	w.eventually("it waits", func() bool { return w.taken() == 1 })
	if err := w.stop(); err != nil {
		t.Error(err)
	}
	c.head("503")
}

// TestSessionsThatComeTooLate: one that begins while the others are told to stop
// is told so as well.
func TestSessionsThatComeTooLate(t *testing.T) {
	w := newWorld(t, Options{})
	before, end := w.guest()
	before.text("<a/>")
	end.expect("<a/>") // it has begun
	w.sessions.close()
	client, prosody := w.open("")
	client.expect(stanza.Close)
	client.expectClose(ws.StatusGoingAway, "")
	client.expectEnd()
	prosody.expectEnd()
	w.ended("stopped")
	_ = before.conn.Close()
}

// TestServeReportsAClosedListener: it is not the stop that was asked for.
func TestServeReportsAClosedListener(t *testing.T) {
	s, _, _, _, _ := newServer(Options{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	if err := s.Serve(t.Context(), l); err == nil {
		t.Error("no error")
	}
}

// TestReload: what is new holds for new connections; those that are there go on
// as they began.
func TestReload(t *testing.T) {
	w := newWorld(t, Options{})
	client, prosody := w.guest()
	noGuests(&w.settings)
	w.settings.MessageBytes = 100
	w.Configure(w.settings)
	client.text(random(200))
	prosody.expect(random(200))
	client, prosody = w.open("")
	client.text(`<open xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>`)
	prosody.expect(`<open xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>`)
	client.text(anonymous)
	client.expectOne(auth.ReasonTokenRequired.ClientText())
	client.text(random(101))
	client.expectOne("<policy-violation ")
	prosody.expect(stanza.Close)
}

// TestLeftBehind: whoever stops the gateway learns that something still uses
// what it was given.
func TestLeftBehind(t *testing.T) {
	var sessions sessionTable
	sessions.serve(t.Context())
	free := make(chan struct{})
	sessions.beside(func(context.Context) { <-free })
	soon, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := sessions.stop(soon); !errors.Is(err, errLeft) {
		t.Errorf("with something left: %v", err)
	}
	close(free)
	if err := sessions.stop(t.Context()); err != nil {
		t.Error(err)
	}
}
