package gateway

import (
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"usher/auth"
	"usher/auth/gateway/gatewaytest"
	"usher/auth/gateway/stanza"
	"usher/metrics"
)

// TestStop: clients are told that the stream is over, and Prosody sees only a
// connection that ends, so that it keeps the stream.
func TestStop(t *testing.T) {
	w := newWorld(t, Options{LingerTimeout: time.Minute}) // longer than the test
	var clients, ends []*gatewaytest.Wire
	for range 20 {
		client, prosody := w.Guest()
		client.Text("<before/>")
		prosody.Expect("<before/>")
		clients, ends = append(clients, client), append(ends, prosody)
	}
	stopped := make(chan error)
	go func() { stopped <- w.stop() }()
	for i, client := range clients {
		client.Expect(stanza.Close)
		client.ExpectClose(ws.StatusGoingAway, "")
		ends[i].ExpectEnd()
		if i%2 == 0 {
			client.CloseFrame(ws.StatusGoingAway, "") // as browsers do
		} else {
			_ = client.Conn.Close()
		}
	}
	if err := gatewaytest.Receive(t, stopped); err != nil {
		t.Error(err)
	}
	if n := w.streams.Running(); n > 0 {
		t.Errorf("%d sessions are left", n)
	}
	w.Counted(metrics.GatewayEnded, "stopped", 20)
	if _, err := w.Dial("", nil); err == nil {
		t.Error("a connection after the stop")
	}
}

// TestStopWithLogins: a ticket that was not used is cancelled.
func TestStopWithLogins(t *testing.T) {
	w := newWorld(t, Options{})
	client, _ := w.Trying(gatewaytest.AliceToken)
	if err := w.stop(); err != nil {
		t.Error(err)
	}
	client.Expect(stanza.Close)
	client.ExpectClose(ws.StatusGoingAway, "")
	if w.Auth.Left() != 0 {
		t.Error("a ticket is left")
	}
}

// TestStopWithClientsThatDoNotRead: they are cut off after a moment, whether a
// frame is on its way to them or not.
func TestStopWithClientsThatDoNotRead(t *testing.T) {
	w := newWorld(t, Options{WriteTimeout: time.Hour})
	_, idle := w.Guest()
	passing := make(chan bool)
	for range 3 {
		_, prosody := w.Guest()
		go func() {
			piece := prosody.Encoded(ws.Header{Fin: true, OpCode: ws.OpText}, gatewaytest.Random(1<<20))
			begun := sync.OnceFunc(func() { passing <- true })
			for {
				if _, err := prosody.Conn.Write(piece); err != nil {
					return
				}
				begun()
			}
		}()
	}
	for range 3 {
		gatewaytest.Receive(t, passing)
	}
	if err := w.stop(); err != nil {
		t.Error(err)
	}
	idle.ExpectEnd()
	w.Counted(metrics.GatewayEnded, "stopped", 4)
}

// TestStopWithHalfARequest: a client with half a request, with none, or with an answer
// that it does not read delays neither the end of the sessions nor Serve.
func TestStopWithHalfARequest(t *testing.T) {
	w := newWorld(t, Options{WriteTimeout: time.Hour, HandshakeTimeout: time.Hour})
	var halves []*gatewaytest.Wire
	for _, half := range []string{"", "GET / HT", gatewaytest.Posting(gatewaytest.Body(2))[:200], "PUT " + BOSHPath + " HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"} {
		c := w.Connect()
		c.Raw([]byte(half))
		halves = append(halves, c)
	}
	reader := w.Connect()
	_ = reader.Conn.(*net.TCPConn).SetReadBuffer(4096)
	reader.Raw([]byte(gatewaytest.Posting(gatewaytest.Body(3))))
	w.Upstream.Post().Answer <- gatewaytest.Told(strings.Repeat("x", 32<<20))
	client, prosody := w.Guest()
	stopped := make(chan error)
	go func() { stopped <- w.stop() }()
	client.Expect(stanza.Close)
	client.ExpectClose(ws.StatusGoingAway, "")
	prosody.ExpectEnd()
	if err := gatewaytest.Receive(t, stopped); err != nil {
		t.Error(err)
	}
	for i, c := range halves {
		_ = c.Conn.SetReadDeadline(time.Now().Add(gatewaytest.Timeout))
		if _, err := io.ReadAll(c.In); gatewaytest.IsTimeout(err) {
			t.Errorf("connection %d stays", i)
		}
	}
}

// TestStopWithBOSH: requests that wait are answered with 503, and their sessions
// go on at Prosody.
func TestStopWithBOSH(t *testing.T) {
	w := newWorld(t, Options{})
	w.Session("")
	var waiting []<-chan gatewaytest.Answer
	for i := range 5 {
		waiting = append(waiting, w.Send("", gatewaytest.Body(2+i)))
		w.Upstream.Post()
	}
	if err := w.stop(); err != nil {
		t.Error(err)
	}
	for _, c := range waiting {
		a := gatewaytest.Receive(t, c)
		a.Wants(t, http.StatusServiceUnavailable, "usher is about to stop")
		if a.Header.Get("Retry-After") == "" || a.Header.Get("Access-Control-Allow-Origin") != gatewaytest.Page {
			t.Errorf("%v", a.Header)
		}
	}
	w.Upstream.Untouched()
}

// TestStopWithHandshakes: streams that wait for Prosody are told that they are over.
func TestStopWithHandshakes(t *testing.T) {
	w := newWorld(t, Options{HandshakeTimeout: time.Hour})
	l := gatewaytest.Silent(t)
	w.settings.Upstream = mustURL(t, "http://"+l.Addr().String())
	w.Configure(w.settings)
	c, _ := w.Open("")
	c.Text(gatewaytest.StreamTo)
	w.Eventually("it waits", func() bool { return w.taken() == 1 })
	if err := w.stop(); err != nil {
		t.Error(err)
	}
	c.Expect(stanza.Close)
}

// TestServeReportsAClosedListener: it is not the stop that was asked for.
func TestServeReportsAClosedListener(t *testing.T) {
	s := newServer(gatewaytest.NewWorld(t), Options{})
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
	client, prosody := w.Guest()
	noGuests(&w.settings)
	w.settings.MessageBytes = 100
	w.Configure(w.settings)
	client.Text(gatewaytest.Random(200))
	prosody.Expect(gatewaytest.Random(200))
	client, prosody = w.Open("")
	client.Text(`<open xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>`)
	prosody.Expect(`<open xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>`)
	client.Text(gatewaytest.Anonymous)
	client.ExpectOne(auth.ReasonTokenRequired.ClientText())
	client.Text(gatewaytest.Random(101))
	client.ExpectOne("<policy-violation ")
	prosody.Expect(stanza.Close)
}
