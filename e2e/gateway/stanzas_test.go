package gateway

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"testing"

	"usher/e2e/client"
	"usher/e2e/tokens"
	"usher/e2e/world"
)

// TestGatewayLargeStanzas has messages of all sizes arrive whole, by every way that a client may send them: Prosody
// itself takes no fragments, and the gateway puts them together.
func TestGatewayLargeStanzas(t *testing.T) {
	o := options()
	o.Global = "c2s_stanza_size_limit = 4*1024*1024\n"
	each(t, o, func(t *testing.T, w *site) {
		alice := world.Token(t, "alice", "one", nil)
		watcher := w.follow(t, world.Meet, byWebSocket(w, query(world.Token(t, "watcher", "one", nil), "one")))
		watcher.Joins(world.Room("one"))
		for name, via := range map[string]func(context.Context) (net.Conn, error){
			"websocket": byWebSocket(w, query(alice, "one")),
			"bosh":      byBOSH(w, query(alice, "one")),
			"fragments": client.WebSocketInFragments("ws://"+w.Usher.Gateway+"/xmpp-websocket"+query(alice, "one"),
				fromPage(), 1000),
			"dribble": client.WebSocketInFragments("ws://"+dribble(t, w.Usher.Gateway)+"/xmpp-websocket"+query(alice,
				"one"), fromPage(), 60_000),
			"tiny": client.WebSocketInFragments("ws://"+w.Usher.Gateway+"/xmpp-websocket"+query(alice, "one"),
				fromPage(), 7),
		} {
			p := w.follow(t, world.Meet, via)
			p.Joins(world.Room("one"))
			for _, size := range []int{1, 120, 1 << 10, 16 << 10, 64 << 10, 1 << 20} {
				if name == "tiny" && size > 16<<10 {
					break
				}
				text := name + strings.Repeat("x", size-1) + "."
				if err := p.Say(world.Room("one"), text); err != nil {
					t.Fatal(err)
				}
				if err := watcher.Told(world.Within(t), world.Room("one")+"/"+p.Nick(), text); err != nil {
					t.Errorf("%s: a message of %d bytes did not arrive: %v\n%s", name, size, err, w.Usher.Log())
				}
			}
			if err := p.Leave(world.Within(t), world.Room("one")); err != nil {
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
	o := options()
	o.Gateway += ", max_message_size: 100000"
	w := newSite(t, world.AnyVersion(t), o)
	l := w.resumable(t, tokens.Sign(t, world.Meet, unnamed("one", nil)), "one")
	l.Joins(world.Room("one"))
	if err := l.Say(world.Room("one"), strings.Repeat("x", 100_000)); err != nil {
		t.Fatal(err)
	}
	if err := l.Told(world.Within(t), "", ""); err == nil || !strings.Contains(err.Error(), "policy-violation") {
		t.Errorf("got %v, want the stream error policy-violation", err)
	}
	if _, err := l.comeBack(t); err == nil {
		t.Error("the stream was resumed, and so the stanza would be sent again")
	}
}
