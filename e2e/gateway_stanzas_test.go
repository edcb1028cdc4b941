package e2e

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"testing"

	"usher/e2e/client"
)

// TestGatewayLargeStanzas has messages of all sizes arrive whole, by every way that a client may send them: Prosody itself
// takes no fragments, and the gateway puts them together.
func TestGatewayLargeStanzas(t *testing.T) {
	o := gatewayOptions()
	o.global = "c2s_stanza_size_limit = 4*1024*1024\n"
	eachGateway(t, o, func(t *testing.T, w *roomsWorld) {
		alice := token(t, meet, claims("alice", "one", nil))
		watcher := w.follow(t, meet, byWebSocket(w, query(token(t, meet, claims("watcher", "one", nil)), "one")))
		watcher.join(room("one"))
		for name, via := range map[string]func(context.Context) (net.Conn, error){
			"websocket": byWebSocket(w, query(alice, "one")),
			"bosh":      byBOSH(w, query(alice, "one")),
			"fragments": client.WebSocketInFragments("ws://"+w.usher.gateway+"/xmpp-websocket"+query(alice, "one"), fromPage(), 1000),
			"dribble":   client.WebSocketInFragments("ws://"+dribble(t, w.usher.gateway)+"/xmpp-websocket"+query(alice, "one"), fromPage(), 60_000),
			"tiny":      client.WebSocketInFragments("ws://"+w.usher.gateway+"/xmpp-websocket"+query(alice, "one"), fromPage(), 7),
		} {
			p := w.follow(t, meet, via)
			p.join(room("one"))
			for _, size := range []int{1, 120, 1 << 10, 16 << 10, 64 << 10, 1 << 20} {
				if name == "tiny" && size > 16<<10 {
					break
				}
				text := name + strings.Repeat("x", size-1) + "."
				if err := p.Say(room("one"), text); err != nil {
					t.Fatal(err)
				}
				if err := watcher.Told(within(t), room("one")+"/"+p.nick(), text); err != nil {
					t.Errorf("%s: a message of %d bytes did not arrive: %v\n%s", name, size, err, w.usher.log())
				}
			}
			if err := p.Leave(within(t), room("one")); err != nil {
				t.Error(err)
			}
		}
	})
}

// dribble is a proxy that passes on a few bytes at a time.
func dribble(t *testing.T, to string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				_ = near.Close()
				continue
			}
			go dribbleTo(far, near)
			go dribbleTo(near, far)
		}
	}()
	return l.Addr().String()
}

func dribbleTo(to, from net.Conn) {
	defer to.Close()
	for {
		if _, err := io.CopyN(to, from, 1+rand.Int64N(1500)); err != nil {
			return
		}
	}
}

// TestGatewayTooLarge: what is over max_message_size ends the stream with an error, for good.
func TestGatewayTooLarge(t *testing.T) {
	o := gatewayOptions()
	o.gateway += ", max_message_size: 100000"
	w := newGatewayWorld(t, anyVersion(t), o)
	l := w.resumable(t, token(t, meet, unnamed("one", nil)), "one")
	l.join(room("one"))
	if err := l.Say(room("one"), strings.Repeat("x", 100_000)); err != nil {
		t.Fatal(err)
	}
	if err := l.Told(within(t), "", ""); err == nil || !strings.Contains(err.Error(), "policy-violation") {
		t.Errorf("got %v, want the stream error policy-violation", err)
	}
	if _, err := l.comeBack(t); err == nil {
		t.Error("the stream was resumed, and so the stanza would be sent again")
	}
}
