package gateway

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"usher/auth/gateway/gatewaytest"
	"usher/auth/gateway/stanza"
	"usher/metrics"
)

// refusedWith wants a handshake to be refused with a status.
func (w *world) refusedWith(status int, query string, header http.Header) {
	w.T.Helper()
	if _, err := w.Dial(query, header); err != ws.StatusError(status) {
		w.T.Errorf("got %v, want %d", err, status)
	}
}

// notConnected wants a stream to end because Prosody has no part in it, and the log to
// say why.
func (w *world) notConnected(hint string) {
	w.T.Helper()
	client, _ := w.Open("")
	client.Text(gatewaytest.StreamTo)
	client.ExpectOne("<stream:error ", "<remote-connection-failed ", "The server cannot be reached.")
	client.Expect(stanza.Close)
	if !strings.Contains(w.Log.String(), hint) {
		w.T.Errorf("%q is not in the log:\n%s", hint, w.Log)
	}
	w.Counted(metrics.GatewayRefused, metrics.RefusedUpstream.String(), 1)
}

func TestConnectionBounds(t *testing.T) {
	w := newWorld(t, Options{}, connections(4, 2), behindProxy)
	open := func(address string) *gatewaytest.Wire {
		t.Helper()
		client, err := w.Dial("", forwarded(address))
		if err != nil {
			t.Fatal(err)
		}
		client.Text(gatewaytest.StreamTo)
		w.Upstream.Socket()
		return client
	}
	first := open("192.0.2.1")
	open("192.0.2.1")
	w.refusedWith(http.StatusTooManyRequests, "", forwarded("192.0.2.1"))
	open("2001:db8::1")
	open("2001:db8::2")
	w.refusedWith(http.StatusServiceUnavailable, "", forwarded("192.0.2.2"))
	a := w.Do(w.Request(http.MethodPost, BOSHPath+"?room="+gatewaytest.SecretRoom, gatewaytest.Creating(), nil))
	a.Wants(t, http.StatusServiceUnavailable, "too many connections")
	if a.Header.Get("Retry-After") == "" || a.Header.Get("Access-Control-Allow-Origin") != gatewaytest.Page {
		t.Errorf("%v", a.Header)
	}
	_ = first.Conn.Close()
	w.Eventually("a place is free", func() bool { return w.taken() == 3 })
	w.Do(w.Request(http.MethodPost, BOSHPath, gatewaytest.Creating(), forwarded("2001:db8::3"))).Wants(t, http.StatusTooManyRequests, "from this address")
	open("192.0.2.1")
	w.Counted(metrics.GatewayConnections, metrics.TransportWebSocket.String(), 4)
	w.Counted(metrics.GatewayRefused, metrics.RefusedAddress.String(), 2)
	w.Counted(metrics.GatewayRefused, metrics.RefusedConnections.String(), 2)
	w.Upstream.Untouched()
}

// TestPlacesAreGivenBack by handshakes that do not lead to a session.
func TestPlacesAreGivenBack(t *testing.T) {
	for name, fail := range map[string]func(w *world){
		"no upstream": func(w *world) {
			w.Upstream.Close()
			w.notConnected("Prosody cannot be reached")
		},
		"no mod_websocket": func(w *world) {
			w.Upstream.Status.Store(http.StatusNotFound)
			w.notConnected("is mod_websocket enabled")
		},
		"an upstream with a fault": func(w *world) {
			w.Upstream.Status.Store(http.StatusInternalServerError)
			w.notConnected("Prosody cannot be reached")
		},
		"not XMPP": func(w *world) {
			c := w.Connect()
			c.Raw([]byte(strings.Replace(handshake("Sec-WebSocket-Version: 13\r\n", "Upgrade: websocket\r\n"), ": xmpp", ": chat", 1)))
			c.Head("501")
		},
		"a version that is not": func(w *world) {
			c := w.Connect()
			c.Raw([]byte(handshake("Sec-WebSocket-Version: 12\r\n", "Upgrade: websocket\r\n")))
			c.Head("426")
			w.Upstream.Untouched()
		},
		"no upgrade": func(w *world) {
			c := w.Connect()
			c.Raw([]byte(handshake("Sec-WebSocket-Version: 13\r\n")))
			c.Head("400")
			w.Upstream.Untouched()
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{}, connections(1, 1))
			fail(w)
			fail = nil
			w.Eventually("the place is free", func() bool { return w.taken() == 0 })
		})
	}
}

func handshake(lines ...string) string {
	return "GET " + WebSocketPath + "?room=" + gatewaytest.SecretRoom + "&token=" + gatewaytest.AliceToken + " HTTP/1.1\r\nHost: " + gatewaytest.Host + "\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: xmpp\r\n" + strings.Join(lines, "") + "\r\n"
}

// TestUpstreamThatSaysNothing: a handshake has its time.
func TestUpstreamThatSaysNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{HandshakeTimeout: time.Second}) // which the client's own has, too
	l := gatewaytest.Silent(t)
	w.settings.Upstream = mustURL(t, "http://"+l.Addr().String())
	w.Configure(w.settings)
	w.notConnected("Prosody cannot be reached")
}

// TestClientThatLeavesMeanwhile gives its place back at the latest when the time for
// Prosody's handshake is over.
func TestClientThatLeavesMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{HandshakeTimeout: 2 * time.Second}) // it must be seen to wait
	l := gatewaytest.Silent(t)
	w.settings.Upstream = mustURL(t, "http://"+l.Addr().String())
	w.Configure(w.settings)
	c, _ := w.Open("")
	c.Text(gatewaytest.StreamTo)
	w.Eventually("it waits", func() bool { return w.taken() == 1 })
	_ = c.Conn.Close()
	w.Eventually("it is gone", func() bool { return w.taken() == 0 })
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
		{http.MethodGet, BOSHPath, http.Header{"Origin": {gatewaytest.Page, gatewaytest.Page}}, http.StatusForbidden},
		{http.MethodGet, BOSHPath, http.Header{"X-Long": {strings.Repeat("x", 16<<10)}}, http.StatusRequestHeaderFieldsTooLarge},
	} {
		a := w.Do(w.Request(row.method, row.path+"?token="+gatewaytest.AliceToken+"&room="+gatewaytest.SecretRoom, "", row.header))
		if a.Status != row.status || strings.Contains(a.Body, gatewaytest.SecretWord) || strings.Contains(a.Body, gatewaytest.SecretRoom) {
			t.Errorf("%s %s: %d %q, want %d", row.method, row.path, a.Status, a.Body, row.status)
		}
	}
	w.refusedWith(http.StatusForbidden, "&token="+gatewaytest.AliceToken, http.Header{"Origin": {"https://evil.example"}})
	w.Upstream.Untouched()
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
		got := w.Later(w.Request(http.MethodGet, path+"?a=%zz&token="+gatewaytest.AliceToken+"&b=;c&room="+gatewaytest.SecretRoom, "", http.Header{
			"Upgrade": {"h2c"}, "Authorization": {"Bearer " + gatewaytest.AliceToken}, "Referer": {gatewaytest.Page + "?jwt=" + gatewaytest.AliceToken}, "Connection": {"x-hop"}, "X-Hop": {"1"},
		}))
		x := w.Upstream.Post()
		if x.URL.RawQuery != "a=%zz&b=;c&room="+gatewaytest.SecretRoom || x.URL.Path != path || strings.Contains(fmt.Sprint(x.Header), gatewaytest.SecretWord) ||
			x.Header.Get("X-Hop")+x.Header.Get("Upgrade") != "" || x.Header.Get("X-Forwarded-For") != "127.0.0.1" || x.Host != w.Address {
			t.Errorf("Prosody gets %s %v from %s", x.URL.RawQuery, x.Header, x.Host)
		}
		w.Eventually("it has a place", func() bool { return w.taken() == 1 }) // only it
		x.Answer <- "It works!"
		answer := <-got
		if answer.Wants(t, http.StatusOK, "It works!"); answer.Header.Get("X-Jitsi-Shard") != "shard-1" {
			t.Error("the client cannot see whether it is still on its shard")
		}
	}
	if asked := w.Auth.Questions(); len(asked) > 0 {
		t.Errorf("a keep-alive is a login: %v", asked)
	}
}

// The page of a host that has a Prosody of its own is there.
func TestThePageOfAHost(t *testing.T) {
	other := gatewaytest.NewUpstream(t)
	w := newWorld(t, Options{}, func(c *Settings) {
		c.Hosts = map[string]HostSettings{gatewaytest.Host: {Kind: Relayed, Upstream: mustURL(t, other.URL)}}
	})
	r := w.Request(http.MethodGet, WebSocketPath+"?token=x", "", nil)
	r.Host = "Meet.example.com:443"
	got := w.Later(r)
	other.Post().Answer <- "It works!"
	(<-got).Wants(t, http.StatusOK, "It works!")
	w.Upstream.Untouched()
}

// TestForwardedAddress: what a trusted proxy says of its client, and no more.
func TestForwardedAddress(t *testing.T) {
	w := newWorld(t, Options{}, behindProxy)
	header := http.Header{"X-Forwarded-For": {"10.0.0.1, 192.0.2.1"}, "X-Forwarded-Proto": {"https"}, "Forwarded": {"for=10.0.0.1"}, "X-Forwarded-Host": {"x"}}
	got := w.Later(w.Request(http.MethodGet, BOSHPath, "", header))
	x := w.Upstream.Post()
	if h := x.Header; h.Get("X-Forwarded-For") != "192.0.2.1" || h.Get("X-Forwarded-Proto") != "https" || h.Get("Forwarded")+h.Get("X-Forwarded-Host") != "" {
		t.Errorf("Prosody gets %v", h)
	}
	x.Answer <- ""
	<-got
}

// TestBodiesThatDoNotCome: a request that is refused, or wants only a page, does
// not hold its connection by a body that it never sends.
func TestBodiesThatDoNotCome(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{HandshakeTimeout: time.Second}) // the head must be there by then
	lines := []string{"GET " + BOSHPath, "PUT " + BOSHPath, "POST /elsewhere"}
	var all []*gatewaytest.Wire
	for _, line := range lines {
		c := w.Connect()
		c.Raw([]byte(line + " HTTP/1.1\r\nHost: " + gatewaytest.Host + "\r\nContent-Length: 1000\r\n\r\nx"))
		all = append(all, c)
	}
	w.Upstream.Post().Answer <- "It works!" // to GET
	for i, c := range all {
		_ = c.Conn.SetReadDeadline(time.Now().Add(gatewaytest.Timeout))
		if _, err := io.ReadAll(c.In); gatewaytest.IsTimeout(err) {
			t.Errorf("%s: the connection stays", lines[i])
		}
	}
}

// TestRequestsWithoutAHeader have HandshakeTimeout to be whole.
func TestRequestsWithoutAHeader(t *testing.T) {
	w := newWorld(t, Options{HandshakeTimeout: 50 * time.Millisecond})
	for _, said := range []string{"", "GET", "GET " + BOSHPath + "?token=" + gatewaytest.AliceToken + " HTTP/1.1\r\nX: "} {
		c := w.Connect()
		c.Raw([]byte(said))
		_ = c.Conn.SetReadDeadline(time.Now().Add(gatewaytest.Timeout))
		if b, err := io.ReadAll(c.In); gatewaytest.IsTimeout(err) || strings.Contains(string(b), gatewaytest.SecretWord) {
			t.Errorf("%q is answered %q, %v", said, b, err)
		}
	}
}

// TestAnswersThatNobodyReads: pipelined requests do not hold their connection
// for ever.
func TestAnswersThatNobodyReads(t *testing.T) {
	w := newWorld(t, Options{WriteTimeout: 50 * time.Millisecond})
	c := w.Connect()
	requests := []byte(strings.Repeat("GET /elsewhere HTTP/1.1\r\nHost: "+gatewaytest.Host+"\r\n\r\n", 1000))
	for end := time.Now().Add(gatewaytest.Timeout); ; {
		_ = c.Conn.SetWriteDeadline(end)
		if _, err := c.Conn.Write(requests); gatewaytest.IsTimeout(err) {
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
	_, prosody := w.Guest()
	sent, piece := 0, prosody.Encoded(ws.Header{Fin: true, OpCode: ws.OpText}, gatewaytest.Random(1<<20))
	_ = prosody.Conn.SetWriteDeadline(time.Now().Add(gatewaytest.Timeout))
	for {
		n, err := prosody.Conn.Write(piece)
		sent += n
		if gatewaytest.IsTimeout(err) {
			t.Fatal("the session does not end")
		} else if err != nil {
			break
		}
	}
	if sent > 64<<20 {
		t.Errorf("%d MiB were taken", sent>>20)
	}
	w.Ended("slow")
}
