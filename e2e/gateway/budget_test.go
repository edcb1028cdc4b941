package gateway

import (
	"context"
	"crypto/tls"
	"maps"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"usher/e2e/browser/page"
	"usher/e2e/client"
	"usher/e2e/nginx/nginxtest"
	"usher/e2e/world"
)

// TestGatewayBudget: whoever has not logged in holds none of what large messages share, straight or through nginx, so
// that somebody else's pass meanwhile.
func TestGatewayBudget(t *testing.T) {
	w := newSite(t, world.AnyVersion(t), options())
	server := nginxtest.Start(t, w.Usher.Gateway, page.Site{})
	for name, d := range map[string]ws.Dialer{
		"straight": {NetDial: w.to(w.Usher.Gateway)},
		// a certificate of the test
		"by nginx": {NetDial: w.to(server.TLS()), TLSConfig: &tls.Config{InsecureSkipVerify: true}},
	} {
		t.Run(name, func(t *testing.T) {
			d.Protocols = []string{"xmpp"}
			d.Header = ws.HandshakeHeaderHTTP(http.Header{"Origin": {"https://" + world.Meet}})
			address := "ws://" + world.Meet + "/xmpp-websocket?room=one"
			if d.TLSConfig != nil {
				address = "wss" + strings.TrimPrefix(address, "ws")
			}
			fragment := strings.Repeat("x", 730_000) // of 94 it is all of the 64 MiB
			for range 94 {
				conn, _, _, err := d.Dial(world.Within(t), address)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = conn.Close() })
				_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
				// it may be cut off
				_ = ws.WriteFrame(conn, ws.MaskFrame(ws.NewFrame(ws.OpText, false, []byte("<"+fragment))))
			}
			via := client.WebSocketInFragments("ws://"+w.Usher.Gateway+"/xmpp-websocket"+query(world.Token(t, "alice",
				"one", nil), "one"), fromPage(), 60_000)
			alice := w.follow(t, world.Meet, via)
			alice.Joins(world.Room("one"))
			text := strings.Repeat("y", 200<<10)
			if err := alice.Say(world.Room("one"), text); err != nil {
				t.Fatal(err)
			}
			if err := alice.Told(world.Within(t), world.Room("one")+"/"+alice.Nick(), text); err != nil {
				t.Errorf("a large message did not pass: %v", err)
			}
		})
	}
	w.ended(t, "policy", "188")
}

// ended waits until so many sessions have ended for a reason: a client may be through with its own before.
func (w *site) ended(t *testing.T, reason, want string) {
	t.Helper()
	ctx, got := world.Within(t), ""
	for ; got != want; time.Sleep(50 * time.Millisecond) {
		_, rest, _ := strings.Cut(w.Usher.Scrape(t), `usher_gateway_sessions_ended_total{reason="`+reason+`"} `)
		got, _, _ = strings.Cut(rest, "\n")
		if ctx.Err() != nil {
			t.Fatalf("of %s sessions there were ended: %s", want, got)
		}
	}
}

// to returns how to connect to an address whatever a URL says.
func (w *site) to(address string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", address)
	}
}

// TestGatewayForwardedAddress: Prosody takes "_" in a header's name for "-". Who comes where is what the gateway says,
// by whatever name a client says otherwise.
func TestGatewayForwardedAddress(t *testing.T) {
	o := options()
	o.Debug = true
	each(t, o, func(t *testing.T, w *site) {
		send := func(address string, more http.Header) {
			for range 8 { // of two headers with one name Prosody takes one or the other
				r, err := http.NewRequestWithContext(world.Within(t), http.MethodPost, "http://"+address+"/http-bind",
					strings.NewReader("<body xmlns='http://jabber.org/protocol/httpbind' rid='1'"+
						" to='"+world.Guests+"'"+creatingBOSH+"/>"))
				if err != nil {
					t.Fatal(err)
				}
				r.Host = world.Meet
				r.Header["X_Forwarded_For"] = []string{"192.0.2.66"}
				maps.Copy(r.Header, more)
				answer, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				_ = answer.Body.Close()
			}
		}
		send(w.Usher.Gateway, http.Header{"X-Forwarded-For": {"192.0.2.1"}})
		send(w.Usher.Gateway, http.Header{"X-Forwarded-For": {"192.0.2.1"}, "X-Forwarded_For": {"192.0.2.66"}})
		if log := w.Prosody.Log(); strings.Contains(log, "192.0.2.66") || !strings.Contains(log, "192.0.2.1") {
			t.Error("Prosody was told another address")
		}
		send(w.Prosody.HTTP(), nil)
		if !strings.Contains(w.Prosody.Log(), "192.0.2.66") {
			t.Error("Prosody does not take such a name: then this tests nothing")
		}
	})
}
