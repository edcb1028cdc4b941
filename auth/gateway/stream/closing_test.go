package stream

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"golang.org/x/net/netutil"

	"usher/auth/gateway/budget"
	"usher/auth/gateway/gatewaytest"
	"usher/auth/gateway/stanza"
	"usher/auth/gateway/websocket"
)

// TestCloseFramesAreMirrored, from either side to the other and back, with code
// and reason as they are.
func TestCloseFramesAreMirrored(t *testing.T) {
	for name, payload := range map[string]string{
		"nothing":     "",
		"a code":      string(ws.NewCloseFrameBody(ws.StatusNormalClosure, "")),
		"a reason":    string(ws.NewCloseFrameBody(4321, "until tomorrow")),
		"a long one":  string(ws.NewCloseFrameBody(ws.StatusGoingAway, strings.Repeat("ä", 61))),
		"of Prosody":  string(ws.NewCloseFrameBody(ws.StatusNormalClosure, "Stream closed")),
		"not allowed": string(ws.NewCloseFrameBody(ws.StatusUnsupportedData, "Only text frames are supported")),
	} {
		for _, byClient := range []bool{true, false} {
			w := newWorld(t, Options{})
			client, prosody := w.Guest()
			from, to, reason := prosody, client, "prosody"
			if byClient {
				from, to, reason = client, prosody, "client"
			}
			from.Text("<last/>")
			from.Frame(true, ws.OpClose, payload)
			to.Expect("<last/>")
			for _, c := range []*gatewaytest.Wire{to, from} { // who closes gets the same back
				if got := c.ExpectFrame(ws.OpClose); got != payload {
					t.Errorf("%s: %q became %q", name, payload, got)
				}
			}
			to.ExpectEnd()
			from.ExpectEnd()
			w.Ended(reason)
		}
	}
}

// TestClientVanishes: the upstream's connection ends without a close frame, as
// if it had been the client's own. Prosody then keeps the stream for it.
func TestClientVanishes(t *testing.T) {
	for name, vanish := range map[string]func(*gatewaytest.Wire){
		"closed": func(c *gatewaytest.Wire) { _ = c.Conn.Close() },
		"reset": func(c *gatewaytest.Wire) {
			_ = c.Conn.(*net.TCPConn).SetLinger(0)
			_ = c.Conn.Close()
		},
		"half closed": func(c *gatewaytest.Wire) { _ = c.Conn.(*net.TCPConn).CloseWrite() },
		"in a header": func(c *gatewaytest.Wire) { c.Raw([]byte{0x81}); _ = c.Conn.Close() },
		"in a payload": func(c *gatewaytest.Wire) {
			c.Raw(c.Encoded(ws.Header{Fin: true, OpCode: ws.OpText}, "<never/>")[:9])
			_ = c.Conn.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{})
			client, prosody := w.Guest()
			client.Text("<before/>")
			prosody.Expect("<before/>")
			vanish(client)
			prosody.ExpectEnd()
			w.Ended("client")
		})
	}
}

// TestClientVanishesInALongMessage: what was passed on of it is cut, and
// nothing follows.
func TestClientVanishesInALongMessage(t *testing.T) {
	w := newWorld(t, Options{})
	client, prosody := w.Guest()
	client.Raw(client.Encoded(ws.Header{Fin: true, OpCode: ws.OpText}, gatewaytest.Random(4*budget.Piece))[:3*budget.Piece])
	_ = client.Conn.Close()
	cutOff(t, prosody)
	w.Ended("client")
}

func TestUpstreamVanishes(t *testing.T) {
	for name, cut := range map[string]int{"between": 0, "in a header": 1, "in a payload": 9} {
		w := newWorld(t, Options{})
		client, prosody := w.Guest()
		prosody.Text("<before/>")
		client.Expect("<before/>")
		prosody.Raw(prosody.Encoded(ws.Header{Fin: true, OpCode: ws.OpText}, "<never it gets there/>")[:cut])
		_ = prosody.Conn.Close()
		client.ExpectClose(ws.StatusCode(websocket.StatusBadGateway), "")
		client.ExpectEnd()
		if w.Ended("prosody"); t.Failed() {
			t.Fatal(name)
		}
	}
}

// TestUpstreamVanishesInALongMessage: a close frame cannot follow a frame that
// was cut, so the connection just ends.
func TestUpstreamVanishesInALongMessage(t *testing.T) {
	w := newWorld(t, Options{})
	client, prosody := w.Guest()
	prosody.Raw(prosody.Encoded(ws.Header{Fin: true, OpCode: ws.OpText}, gatewaytest.Random(4*budget.Piece))[:3*budget.Piece])
	_ = prosody.Conn.Close()
	cutOff(t, client)
	w.Ended("prosody")
}

// cutOff wants the beginning of random(4*budget.Piece), in one frame, and nothing
// behind it.
func cutOff(t *testing.T, c *gatewaytest.Wire) {
	t.Helper()
	h, err := ws.ReadHeader(c.In)
	if err != nil || h.Length != 4*budget.Piece || !h.Fin {
		t.Errorf("%+v, %v", h, err)
	}
	got, err := io.ReadAll(c.In)
	if gatewaytest.IsTimeout(err) {
		t.Error(err)
	}
	if h.Masked {
		ws.Cipher(got, h.Mask, 0)
	}
	if !strings.HasPrefix(gatewaytest.Random(4*budget.Piece), string(got)) {
		t.Errorf("something follows: %d bytes are not its beginning", len(got))
	}
}

// TestNothingFollowsAClose: what Prosody sends after its close frame goes
// nowhere.
func TestNothingFollowsAClose(t *testing.T) {
	w := newWorld(t, Options{})
	client, prosody := w.Guest()
	prosody.CloseFrame(ws.StatusNormalClosure, "Stream closed")
	_, _ = prosody.Conn.Write(prosody.Encoded(ws.Header{Fin: true, OpCode: ws.OpText}, "<late/>"))
	client.ExpectClose(ws.StatusNormalClosure, "Stream closed")
	client.ExpectEnd()
}

// TestWithoutHalfClosing: behind a listener whose connections cannot be closed by
// halves, which is how the daemon limits them, a session does not wait for a side that
// has sent its close frame.
func TestWithoutHalfClosing(t *testing.T) {
	limited := func(l net.Listener) net.Listener { return netutil.LimitListener(l, 1000) }
	for name, end := range map[string]func(w *world, client, prosody *gatewaytest.Wire){
		"by the client": func(_ *world, client, _ *gatewaytest.Wire) {
			client.CloseFrame(ws.StatusNormalClosure, "")
			client.ExpectClose(ws.StatusNormalClosure, "")
		},
		"by Prosody": func(_ *world, client, prosody *gatewaytest.Wire) {
			prosody.CloseFrame(ws.StatusNormalClosure, "Stream closed")
			client.ExpectClose(ws.StatusNormalClosure, "Stream closed")
			client.CloseFrame(ws.StatusNormalClosure, "")
		},
		"by a stop": func(w *world, client, _ *gatewaytest.Wire) {
			go func() { _ = w.stop() }()
			client.Expect(stanza.Close)
			client.ExpectClose(ws.StatusGoingAway, "")
			client.CloseFrame(ws.StatusGoingAway, "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorldOn(t, limited, Options{LingerTimeout: time.Hour})
			client, prosody := w.Guest()
			end(w, client, prosody)
			client.ExpectEnd()
			w.Eventually("its place is free", func() bool { return w.taken() == 0 })
		})
	}
}
