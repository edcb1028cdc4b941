package gateway

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"golang.org/x/net/netutil"

	"usher/auth/gateway/stanza"

	"usher/auth/gateway/budget"
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
			client, prosody := w.guest()
			from, to, reason := prosody, client, "prosody"
			if byClient {
				from, to, reason = client, prosody, "client"
			}
			from.text("<last/>")
			from.frame(true, ws.OpClose, payload)
			to.expect("<last/>")
			for _, c := range []*wire{to, from} { // who closes gets the same back
				if got := c.expectFrame(ws.OpClose); got != payload {
					t.Errorf("%s: %q became %q", name, payload, got)
				}
			}
			to.expectEnd()
			from.expectEnd()
			w.ended(reason)
		}
	}
}

// TestClientVanishes: the upstream's connection ends without a close frame, as
// if it had been the client's own. Prosody then keeps the stream for it.
func TestClientVanishes(t *testing.T) {
	for name, vanish := range map[string]func(*wire){
		"closed": func(c *wire) { _ = c.conn.Close() },
		"reset": func(c *wire) {
			_ = c.conn.(*net.TCPConn).SetLinger(0)
			_ = c.conn.Close()
		},
		"half closed": func(c *wire) { _ = c.conn.(*net.TCPConn).CloseWrite() },
		"in a header": func(c *wire) { c.raw([]byte{0x81}); _ = c.conn.Close() },
		"in a payload": func(c *wire) {
			c.raw(c.encoded(ws.Header{Fin: true, OpCode: ws.OpText}, "<never/>")[:9])
			_ = c.conn.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{})
			client, prosody := w.guest()
			client.text("<before/>")
			prosody.expect("<before/>")
			vanish(client)
			prosody.expectEnd()
			w.ended("client")
		})
	}
}

// TestClientVanishesInALongMessage: what was passed on of it is cut, and
// nothing follows.
func TestClientVanishesInALongMessage(t *testing.T) {
	w := newWorld(t, Options{})
	client, prosody := w.guest()
	client.raw(client.encoded(ws.Header{Fin: true, OpCode: ws.OpText}, random(4*budget.Piece))[:3*budget.Piece])
	_ = client.conn.Close()
	cutOff(t, prosody)
	w.ended("client")
}

func TestUpstreamVanishes(t *testing.T) {
	for name, cut := range map[string]int{"between": 0, "in a header": 1, "in a payload": 9} {
		w := newWorld(t, Options{})
		client, prosody := w.guest()
		prosody.text("<before/>")
		client.expect("<before/>")
		prosody.raw(prosody.encoded(ws.Header{Fin: true, OpCode: ws.OpText}, "<never it gets there/>")[:cut])
		_ = prosody.conn.Close()
		client.expectClose(ws.StatusCode(websocket.StatusBadGateway), "")
		client.expectEnd()
		if w.ended("prosody"); t.Failed() {
			t.Fatal(name)
		}
	}
}

// TestUpstreamVanishesInALongMessage: a close frame cannot follow a frame that
// was cut, so the connection just ends.
func TestUpstreamVanishesInALongMessage(t *testing.T) {
	w := newWorld(t, Options{})
	client, prosody := w.guest()
	prosody.raw(prosody.encoded(ws.Header{Fin: true, OpCode: ws.OpText}, random(4*budget.Piece))[:3*budget.Piece])
	_ = prosody.conn.Close()
	cutOff(t, client)
	w.ended("prosody")
}

// cutOff wants the beginning of random(4*budget.Piece), in one frame, and nothing
// behind it.
func cutOff(t *testing.T, c *wire) {
	t.Helper()
	h, err := ws.ReadHeader(c.in)
	if err != nil || h.Length != 4*budget.Piece || !h.Fin {
		t.Errorf("%+v, %v", h, err)
	}
	got, err := io.ReadAll(c.in)
	if isTimeout(err) {
		t.Error(err)
	}
	if h.Masked {
		ws.Cipher(got, h.Mask, 0)
	}
	if !strings.HasPrefix(random(4*budget.Piece), string(got)) {
		t.Errorf("something follows: %d bytes are not its beginning", len(got))
	}
}

// TestNothingFollowsAClose: what Prosody sends after its close frame goes
// nowhere.
func TestNothingFollowsAClose(t *testing.T) {
	w := newWorld(t, Options{})
	client, prosody := w.guest()
	prosody.closeFrame(ws.StatusNormalClosure, "Stream closed")
	_, _ = prosody.conn.Write(prosody.encoded(ws.Header{Fin: true, OpCode: ws.OpText}, "<late/>"))
	client.expectClose(ws.StatusNormalClosure, "Stream closed")
	client.expectEnd()
}

// TestWithoutHalfClosing: behind a listener whose connections cannot be closed by
// halves, which is how the daemon limits them, nobody waits for who has said that
// it is over.
func TestWithoutHalfClosing(t *testing.T) {
	limited := func(l net.Listener) net.Listener { return netutil.LimitListener(l, 1000) }
	for name, end := range map[string]func(w *world, client, prosody *wire){
		"by the client": func(_ *world, client, _ *wire) {
			client.closeFrame(ws.StatusNormalClosure, "")
			client.expectClose(ws.StatusNormalClosure, "")
		},
		"by Prosody": func(_ *world, client, prosody *wire) {
			prosody.closeFrame(ws.StatusNormalClosure, "Stream closed")
			client.expectClose(ws.StatusNormalClosure, "Stream closed")
			client.closeFrame(ws.StatusNormalClosure, "")
		},
		"by a stop": func(w *world, client, _ *wire) {
			go func() { _ = w.stop() }()
			client.expect(stanza.Close)
			client.expectClose(ws.StatusGoingAway, "")
			client.closeFrame(ws.StatusGoingAway, "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorldOn(t, limited, Options{LingerTimeout: time.Hour})
			client, prosody := w.guest()
			end(w, client, prosody)
			client.expectEnd()
			w.eventually("its place is free", func() bool { return w.taken() == 0 })
		})
	}
}
