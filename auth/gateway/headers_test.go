package gateway

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"usher/auth/gateway/gatewaytest"
)

// TestHeadersByAnotherName: Prosody reads "_" in a header's name as "-". What
// the gateway says itself, or does not pass, a client cannot say that way.
func TestHeadersByAnotherName(t *testing.T) {
	w := newWorld(t, Options{}, behindProxy)
	c := w.Connect()
	c.Raw([]byte("GET " + WebSocketPath + "?room=" + gatewaytest.SecretRoom + " HTTP/1.1\r\nHost: " + gatewaytest.Host + "\r\nX-Forwarded-For: 192.0.2.1\r\n" +
		"X_Forwarded_For: 192.0.2.66\r\nX-Forwarded_For: 192.0.2.66\r\nX_FORWARDED_PROTO: https\r\nSec_WebSocket_Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec_Websocket_Protocol: xmpp\r\n" +
		"Upgrade: websocket\r\nConnection: Upgrade, X-Hop\r\nX-Hop: 1\r\nX.Forwarded.For: 192.0.2.66\r\nAuthorization: Basic YTpi\r\nProxy: http://evil.example\r\n" +
		"X-Jitsi-Region: eu\r\nCookie: a=b\r\nX-Original-Path: /?jwt=ey\r\n\r\n"))
	x := w.Upstream.Post()
	h := fmt.Sprint(x.Header)
	for _, word := range []string{"_", "192.0.2.66", "https", "Sec", "Upgrade", "X-Hop", "X.For", "Authorization", "Proxy", "ey"} {
		if strings.Contains(h, word) {
			t.Errorf("Prosody gets %q: %s", word, h)
		}
	}
	if x.Header.Get("X-Forwarded-For") != "192.0.2.1" || x.Header.Get("X-Jitsi-Region") != "eu" || x.Header.Get("Cookie") != "a=b" {
		t.Errorf("Prosody gets %s", h)
	}
	x.Answer <- "It works!"
	c.Head("200")
}

// TestCompressedBodies do not pass: what is read here would not be what Prosody
// reads.
func TestCompressedBodies(t *testing.T) {
	w := newWorld(t, Options{})
	for _, encoding := range []string{"gzip", "deflate", "identity", "x, y"} {
		w.Do(w.Request(http.MethodPost, BOSHPath, gatewaytest.Creating(), http.Header{"Content-Encoding": {encoding}})).Wants(t, http.StatusUnsupportedMediaType, "Content-Encoding")
	}
	w.Upstream.Untouched()
}

// TestTwoLengths: a request that says in two ways how long it is reaches Prosody
// as one, or not at all.
func TestTwoLengths(t *testing.T) {
	inside := "POST " + BOSHPath + " HTTP/1.1\r\nHost: smuggled\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
	for name, lines := range map[string]string{
		"chunked and a length":     "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
		"a length and chunked":     "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
		"chunked twice":            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
		"chunked, otherwise":       "Transfer-Encoding: xchunked\r\nContent-Length: 4\r\n",
		"two lengths":              "Content-Length: 4\r\nContent-Length: 5\r\n",
		"a length by another name": "Content-Length: 4\r\nContent_Length: 100\r\nTransfer_Encoding: chunked\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, Options{HandshakeTimeout: 2 * time.Second})
			c := w.Connect()
			c.Raw([]byte("POST " + BOSHPath + " HTTP/1.1\r\nHost: " + gatewaytest.Host + "\r\n" + lines + "\r\n" + "0\r\n\r\n" + inside))
			_ = c.Conn.SetReadDeadline(time.Now().Add(30 * time.Second)) // it is closed long before
			said, _ := io.ReadAll(io.LimitReader(c.In, 64<<10))
			if strings.Count(string(said), "HTTP/1.1 ") == 0 {
				t.Error("no answer")
			}
			w.Upstream.Untouched() // none of them is a body of BOSH
		})
	}
}

// TestRefusedOrigin: the log has the two names that were compared, and nothing
// else of the headers.
func TestRefusedOrigin(t *testing.T) {
	for origin, want := range map[string]string{
		"https://evil.example":                                "origin=https://evil.example",
		"https://evil.example/?jwt=" + gatewaytest.AliceToken: "origin=https://evil.example",
		"https://" + strings.Repeat("x", 1000):                "origin=https://" + strings.Repeat("x", 100),
		"null":                                                "origin=null",
		"http://meet.example.com":                             "origin=http://meet.example.com",
		"https://meet.example.com:8443":                       "origin=https://meet.example.com:8443",
	} {
		w := newWorld(t, Options{})
		r := w.Request(http.MethodPost, gatewaytest.BOSHQuery(gatewaytest.AliceToken), gatewaytest.Creating(), http.Header{"Origin": {origin}})
		r.Host = "meet.jitsi"
		w.Do(r).Wants(t, http.StatusForbidden, "gateway.origins")
		if log := w.Log.String(); !strings.Contains(log, want) || !strings.Contains(log, "host=meet.jitsi") || len(log) > 800 {
			t.Errorf("%.40s: the log says %s", origin, log)
		}
	}
}

func TestPreflight(t *testing.T) {
	w := newWorld(t, Options{})
	ask := func(origin string) gatewaytest.Answer {
		return w.Do(w.Request(http.MethodOptions, gatewaytest.BOSHQuery(gatewaytest.AliceToken), "", http.Header{"Origin": {origin}, "Access-Control-Request-Method": {"POST"}}))
	}
	a := ask(gatewaytest.Page)
	a.Wants(t, http.StatusNoContent, "")
	if h := a.Header; h.Get("Access-Control-Allow-Origin") != gatewaytest.Page || !strings.Contains(h.Get("Access-Control-Allow-Methods"), "POST") ||
		!strings.Contains(h.Get("Access-Control-Allow-Headers"), "Content-Type") || h.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("%v", h)
	}
	if a = ask("https://evil.example"); a.Status != http.StatusForbidden || a.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%+v", a)
	}
	w.Upstream.Untouched()
}
