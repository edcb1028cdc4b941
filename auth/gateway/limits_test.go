package gateway

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"usher/metrics"
)

// refusedWith wants a handshake to be refused with a status.
func (w *world) refusedWith(status int, query string, header http.Header) {
	w.t.Helper()
	if _, err := w.dial(query, header); err != ws.StatusError(status) {
		w.t.Errorf("got %v, want %d", err, status)
	}
}

func forwarded(address string) http.Header {
	return http.Header{"Origin": {page}, "X-Forwarded-For": {address}}
}

func TestConnectionBounds(t *testing.T) {
	w := newWorld(t, Options{}, connections(4, 2), behindProxy)
	open := func(address string) *wire {
		t.Helper()
		client, err := w.dial("", forwarded(address))
		if err != nil {
			t.Fatal(err)
		}
		w.upstream.socket()
		return client
	}
	first := open("192.0.2.1")
	open("192.0.2.1")
	w.refusedWith(http.StatusTooManyRequests, "", forwarded("192.0.2.1"))
	open("2001:db8::1")
	open("2001:db8::2")
	w.refusedWith(http.StatusServiceUnavailable, "", forwarded("192.0.2.2"))
	a := w.do(w.request(http.MethodPost, BOSHPath+"?room="+secretRoom, creating(), nil))
	a.wants(t, http.StatusServiceUnavailable, "too many connections")
	if a.header.Get("Retry-After") == "" || a.header.Get("Access-Control-Allow-Origin") != page {
		t.Errorf("%v", a.header)
	}
	_ = first.conn.Close()
	w.eventually("a place is free", func() bool { return w.taken() == 3 })
	w.do(w.request(http.MethodPost, BOSHPath, creating(), forwarded("2001:db8::3"))).wants(t, http.StatusTooManyRequests, "from this address")
	open("192.0.2.1")
	w.counted(metrics.GatewayConnections, metrics.TransportWebSocket.String(), 4)
	w.counted(metrics.GatewayRefused, metrics.RefusedAddress.String(), 2)
	w.counted(metrics.GatewayRefused, metrics.RefusedConnections.String(), 2)
	w.upstream.untouched()
}

// TestPlacesAreGivenBack by handshakes that do not lead to a session.
func TestPlacesAreGivenBack(t *testing.T) {
	for name, fail := range map[string]func(w *world){
		"no upstream": func(w *world) {
			w.upstream.Close()
			w.refusedWith(http.StatusBadGateway, "", nil)
		},
		"no mod_websocket": func(w *world) {
			w.upstream.status.Store(http.StatusNotFound)
			w.refusedWith(http.StatusBadGateway, "", nil)
		},
		"not XMPP": func(w *world) {
			w.upstream.status.Store(http.StatusNotImplemented)
			w.refusedWith(http.StatusNotImplemented, "", nil)
		},
		"an upstream with a fault": func(w *world) {
			w.upstream.status.Store(http.StatusInternalServerError)
			w.refusedWith(http.StatusBadGateway, "", nil)
		},
		"a version that is not": func(w *world) {
			c := w.connect()
			c.raw([]byte(handshake("Sec-WebSocket-Version: 12\r\n", "Upgrade: websocket\r\n")))
			c.head("426")
			w.upstream.socket().expectEnd()
		},
		"no upgrade": func(w *world) {
			c := w.connect()
			c.raw([]byte(handshake("Sec-WebSocket-Version: 13\r\n")))
			c.head("400")
			w.upstream.socket().expectEnd()
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{}, connections(1, 1))
			fail(w)
			fail = nil
			w.eventually("the place is free", func() bool { return w.taken() == 0 })
		})
	}
}

func handshake(lines ...string) string {
	return "GET " + WebSocketPath + "?room=" + secretRoom + "&token=" + aliceToken + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: xmpp\r\n" + strings.Join(lines, "") + "\r\n"
}

// TestUpstreamThatSaysNothing: a handshake has its time.
func TestUpstreamThatSaysNothing(t *testing.T) {
	w := newWorld(t, Options{HandshakeTimeout: 50 * time.Millisecond})
	l := silent(t)
	w.settings.Upstream = mustURL(t, "http://"+l.Addr().String())
	w.Configure(w.settings)
	w.refusedWith(http.StatusBadGateway, "", nil)
}

// TestClientThatLeavesTheHandshake gives its place back before its time is over.
func TestClientThatLeavesTheHandshake(t *testing.T) {
	w := newWorld(t, Options{HandshakeTimeout: time.Hour})
	l := silent(t)
	w.settings.Upstream = mustURL(t, "http://"+l.Addr().String())
	w.Configure(w.settings)
	c := w.connect()
	c.raw([]byte(handshake("Sec-WebSocket-Version: 13\r\n", "Upgrade: websocket\r\n")))
	w.eventually("it waits", func() bool { return w.taken() == 1 })
	_ = c.conn.Close()
	w.eventually("it is gone", func() bool { return w.taken() == 0 })
}

func TestRequestsThatAreNoneOfOurs(t *testing.T) {
	w := newWorld(t, Options{HeaderBytes: 8 << 10})
	for _, row := range []struct {
		method, path string
		header       http.Header
		status       int
	}{
		{http.MethodGet, "/", nil, http.StatusNotFound},
		{http.MethodGet, "/admin", nil, http.StatusNotFound},
		{http.MethodGet, "/http-bind/../admin", nil, http.StatusNotFound},
		{http.MethodPost, "//http-bind", nil, http.StatusNotFound},
		{http.MethodGet, WebSocketPath + "/", nil, http.StatusNotFound},
		{http.MethodPut, BOSHPath, nil, http.StatusMethodNotAllowed},
		{http.MethodPost, WebSocketPath, nil, http.StatusMethodNotAllowed},
		{http.MethodOptions, BOSHPath, nil, http.StatusMethodNotAllowed},
		{http.MethodPost, BOSHPath, http.Header{"Origin": {"https://evil.example"}}, http.StatusForbidden},
		{http.MethodGet, WebSocketPath, http.Header{"Origin": {"null"}}, http.StatusForbidden},
		{http.MethodGet, BOSHPath, http.Header{"Origin": {page, page}}, http.StatusForbidden},
		{http.MethodGet, BOSHPath, http.Header{"X-Long": {strings.Repeat("x", 16<<10)}}, http.StatusRequestHeaderFieldsTooLarge},
	} {
		a := w.do(w.request(row.method, row.path+"?token="+aliceToken+"&room="+secretRoom, "", row.header))
		if a.status != row.status || strings.Contains(a.body, secretWord) || strings.Contains(a.body, secretRoom) {
			t.Errorf("%s %s: %d %q, want %d", row.method, row.path, a.status, a.body, row.status)
		}
	}
	w.refusedWith(http.StatusForbidden, "&token="+aliceToken, http.Header{"Origin": {"https://evil.example"}})
	w.upstream.untouched()
}

func TestNotConfigured(t *testing.T) {
	w := newWorld(t, Options{})
	w.Server.settings.Store(nil)
	w.refusedWith(http.StatusServiceUnavailable, "", nil)
}

// TestThePage: Prosody's own, without the token, whatever else is in the query.
func TestThePage(t *testing.T) {
	w := newWorld(t, Options{}, noGuests)
	for _, path := range []string{WebSocketPath, BOSHPath} {
		got := w.later(w.request(http.MethodGet, path+"?a=%zz&token="+aliceToken+"&b=;c&room="+secretRoom, "", http.Header{
			"Upgrade": {"h2c"}, "Authorization": {"Bearer " + aliceToken}, "Referer": {page + "?jwt=" + aliceToken}, "Connection": {"x-hop"}, "X-Hop": {"1"},
		}))
		x := w.upstream.post()
		if x.URL.RawQuery != "a=%zz&b=;c&room="+secretRoom || x.URL.Path != path || strings.Contains(fmt.Sprint(x.Header), secretWord) ||
			x.Header.Get("X-Hop")+x.Header.Get("Upgrade") != "" || x.Header.Get("X-Forwarded-For") != "127.0.0.1" || x.Host != w.address {
			t.Errorf("Prosody gets %s %v from %s", x.URL.RawQuery, x.Header, x.Host)
		}
		w.eventually("it has a place", func() bool { return w.taken() == 1 }) // only it
		x.answer <- "It works!"
		(<-got).wants(t, http.StatusOK, "It works!")
	}
}

// TestForwardedAddress: what a trusted proxy says of its client, and no more.
func TestForwardedAddress(t *testing.T) {
	w := newWorld(t, Options{}, behindProxy)
	header := http.Header{"X-Forwarded-For": {"10.0.0.1, 192.0.2.1"}, "X-Forwarded-Proto": {"https"}, "Forwarded": {"for=10.0.0.1"}, "X-Forwarded-Host": {"x"}}
	got := w.later(w.request(http.MethodGet, BOSHPath, "", header))
	x := w.upstream.post()
	if h := x.Header; h.Get("X-Forwarded-For") != "192.0.2.1" || h.Get("X-Forwarded-Proto") != "https" || h.Get("Forwarded")+h.Get("X-Forwarded-Host") != "" {
		t.Errorf("Prosody gets %v", h)
	}
	x.answer <- ""
	<-got
}

// TestBodiesThatDoNotCome: a request that is refused, or wants only a page, does
// not hold its connection by a body that it never sends.
func TestBodiesThatDoNotCome(t *testing.T) {
	w := newWorld(t, Options{HandshakeTimeout: 100 * time.Millisecond})
	for _, line := range []string{"GET " + BOSHPath, "PUT " + BOSHPath, "POST /elsewhere"} {
		c := w.connect()
		c.raw([]byte(line + " HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: 1000\r\n\r\nx"))
		if strings.HasPrefix(line, "GET") {
			w.upstream.post().answer <- "It works!"
		}
		_ = c.conn.SetReadDeadline(time.Now().Add(patience))
		if _, err := io.ReadAll(c.in); isTimeout(err) {
			t.Errorf("%s: the connection stays", line)
		}
	}
}

// TestRequestsWithoutAHeader have HandshakeTimeout to be whole.
func TestRequestsWithoutAHeader(t *testing.T) {
	w := newWorld(t, Options{HandshakeTimeout: 50 * time.Millisecond})
	for _, said := range []string{"", "GET", "GET " + BOSHPath + "?token=" + aliceToken + " HTTP/1.1\r\nX: "} {
		c := w.connect()
		c.raw([]byte(said))
		_ = c.conn.SetReadDeadline(time.Now().Add(patience))
		if b, err := io.ReadAll(c.in); isTimeout(err) || strings.Contains(string(b), secretWord) {
			t.Errorf("%q is answered %q, %v", said, b, err)
		}
	}
}

// TestAnswersThatNobodyReads: pipelined requests do not hold their connection
// for ever.
func TestAnswersThatNobodyReads(t *testing.T) {
	w := newWorld(t, Options{WriteTimeout: 50 * time.Millisecond})
	c := w.connect()
	requests := []byte(strings.Repeat("GET /elsewhere HTTP/1.1\r\nHost: "+host+"\r\n\r\n", 1000))
	for end := time.Now().Add(patience); ; {
		_ = c.conn.SetWriteDeadline(end)
		if _, err := c.conn.Write(requests); isTimeout(err) {
			t.Fatal("the connection stays")
		} else if err != nil {
			return
		}
	}
}

// TestSlowReaderOnASocket: what Prosody can send to a client that reads nothing
// is bounded by what the sockets hold.
func TestSlowReaderOnASocket(t *testing.T) {
	w := newWorld(t, Options{WriteTimeout: 300 * time.Millisecond})
	_, prosody := w.guest()
	sent, piece := 0, prosody.encoded(ws.Header{Fin: true, OpCode: ws.OpText}, random(1<<20))
	_ = prosody.conn.SetWriteDeadline(time.Now().Add(patience))
	for {
		n, err := prosody.conn.Write(piece)
		sent += n
		if isTimeout(err) {
			t.Fatal("the session does not end")
		} else if err != nil {
			break
		}
	}
	if sent > 64<<20 {
		t.Errorf("%d MiB were taken", sent>>20)
	}
	w.ended("slow")
}
