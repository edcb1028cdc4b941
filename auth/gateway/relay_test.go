package gateway

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"usher/auth/gateway/budget"
)

// random returns so many bytes of text, the same ones each time.
func random(length int) string {
	r := rand.New(rand.NewPCG(1, uint64(length)))
	b := make([]byte, length)
	for i := range b {
		b[i] = byte(' ' + r.IntN(90))
	}
	return string(b)
}

// lengths lie on both sides of where the form of a frame's header changes, and
// where a message is more than one piece.
func lengths() []int {
	return []int{0, 1, 125, 126, 1023, 1024, 1025, 65535, 65536, budget.Piece - 1, budget.Piece, budget.Piece + 1, 2 * budget.Piece, 2*budget.Piece + 1, 1 << 20}
}

// TestMessagesPassByteForByte, each in one frame, in both directions, text and
// binary; those to the upstream are masked.
func TestMessagesPassByteForByte(t *testing.T) {
	w := newWorld(t, Options{})
	client, prosody := w.guest()
	for _, length := range lengths() {
		for _, op := range []ws.OpCode{ws.OpText, ws.OpBinary} {
			message := random(length)
			for _, way := range []struct{ from, to *wire }{{client, prosody}, {prosody, client}} {
				go way.from.frame(true, op, message)
				if got := way.to.expectFrame(op); got != message {
					t.Fatalf("%d bytes became %d others", length, len(got))
				}
			}
		}
	}
}

func TestBothWaysAtOnce(t *testing.T) {
	w := newWorld(t, Options{})
	client, prosody := w.guest()
	send := func(c *wire) {
		for i := range 300 {
			c.text(fmt.Sprint(i, random(i*131)))
		}
	}
	go send(client)
	go send(prosody)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 300 {
			client.expect(fmt.Sprint(i, random(i*131)))
		}
	}()
	for i := range 300 {
		prosody.expect(fmt.Sprint(i, random(i*131)))
	}
	<-done
}

// TestFragmentsAreJoined, with pings in between that are answered, and empty
// fragments.
func TestFragmentsAreJoined(t *testing.T) {
	w := newWorld(t, Options{})
	client, prosody := w.guest()
	for _, cut := range [][]int{{0, 0}, {1, 1}, {0, 5, 0}, {100, 0, 100}, {budget.Piece, 1}, {1, budget.Piece, budget.Piece + 1, 0}, {300_000, 300_000}, make([]int, 200)} {
		var whole strings.Builder
		go func() {
			for i, length := range cut {
				op := ws.OpContinuation
				if i == 0 {
					op = ws.OpText
				}
				client.frame(i == len(cut)-1, op, random(length))
				client.frame(true, ws.OpPing, fmt.Sprint("ping ", i))
			}
		}()
		for i, length := range cut {
			whole.WriteString(random(length))
			if got := client.expectFrame(ws.OpPong); got != fmt.Sprint("ping ", i) {
				t.Fatalf("pong says %q", got)
			}
		}
		prosody.expect(whole.String())
	}
	// The upstream's would pass as well.
	prosody.frame(false, ws.OpText, "<a>")
	prosody.frame(true, ws.OpPing, "")
	prosody.frame(true, ws.OpContinuation, "</a>")
	client.expect("<a></a>")
}

// TestPingsStayOnTheirHop: each is answered where it came from, and a pong that
// nobody asked for goes nowhere.
func TestPingsStayOnTheirHop(t *testing.T) {
	w := newWorld(t, Options{})
	client, prosody := w.guest()
	for _, way := range []struct{ from, to *wire }{{client, prosody}, {prosody, client}} {
		for _, payload := range []string{"", "x", strings.Repeat("y", 125)} {
			way.from.frame(true, ws.OpPong, payload)
			way.from.frame(true, ws.OpPing, payload)
			if got := way.from.expectFrame(ws.OpPong); got != payload {
				t.Errorf("the pong says %q, want %q", got, payload)
			}
		}
		way.from.text("<a/>")
		way.to.expect("<a/>")
	}
}

// TestWhatComesWithTheHandshake: nothing is lost that either side sent together
// with it, also when it is more than a buffer.
func TestWhatComesWithTheHandshake(t *testing.T) {
	w := newWorld(t, Options{})
	first, long := streamTo, `<auth `+sasl+` mechanism="PLAIN">`+strings.Repeat("A", 3000)+`</auth>`
	request := "GET " + WebSocketPath + "?room=" + secretRoom + " HTTP/1.1\r\nHost: " + host + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: xmpp\r\n\r\n"
	client := w.connect()
	client.raw(append(append([]byte(request), client.encoded(ws.Header{Fin: true, OpCode: ws.OpText}, first)...),
		client.encoded(ws.Header{Fin: true, OpCode: ws.OpText}, long)...))
	prosody := w.upstream.socket()
	prosody.text("<second/>")
	prosody.text(long)
	prosody.expect(first)
	prosody.expect(long)
	client.head("101 Switching Protocols")
	client.expect("<second/>")
	client.expect(long)
}
