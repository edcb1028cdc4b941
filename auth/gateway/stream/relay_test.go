package stream

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"usher/auth/gateway/budget"
	"usher/auth/gateway/gatewaytest"
)

// lengths lie on both sides of where the form of a frame's header changes, and
// where a message is more than one piece.
func lengths() []int {
	return []int{0, 1, 125, 126, 1023, 1024, 1025, 65535, 65536, budget.Piece - 1, budget.Piece, budget.Piece + 1, 2 * budget.Piece, 2*budget.Piece + 1, 1 << 20}
}

// TestMessagesPassByteForByte, each in one frame, in both directions, text and
// binary; those to the upstream are masked.
func TestMessagesPassByteForByte(t *testing.T) {
	w := newWorld(t, Options{})
	client, prosody := w.Guest()
	for _, length := range lengths() {
		for _, op := range []ws.OpCode{ws.OpText, ws.OpBinary} {
			message := gatewaytest.Random(length)
			for _, way := range []struct{ from, to *gatewaytest.Wire }{{client, prosody}, {prosody, client}} {
				go way.from.Frame(true, op, message)
				if got := way.to.ExpectFrame(op); got != message {
					t.Fatalf("%d bytes became %d others", length, len(got))
				}
			}
		}
	}
}

func TestBothWaysAtOnce(t *testing.T) {
	w := newWorld(t, Options{})
	client, prosody := w.Guest()
	send := func(c *gatewaytest.Wire) {
		for i := range 300 {
			c.Text(fmt.Sprint(i, gatewaytest.Random(i*131)))
		}
	}
	go send(client)
	go send(prosody)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 300 {
			client.Expect(fmt.Sprint(i, gatewaytest.Random(i*131)))
		}
	}()
	for i := range 300 {
		prosody.Expect(fmt.Sprint(i, gatewaytest.Random(i*131)))
	}
	<-done
}

// TestFragmentsAreJoined, with pings in between that are answered, and empty
// fragments.
func TestFragmentsAreJoined(t *testing.T) {
	w := newWorld(t, Options{})
	client, prosody := w.Guest()
	for _, cut := range [][]int{{0, 0}, {1, 1}, {0, 5, 0}, {100, 0, 100}, {budget.Piece, 1}, {1, budget.Piece, budget.Piece + 1, 0}, {300_000, 300_000}, make([]int, 200)} {
		var whole strings.Builder
		go func() {
			for i, length := range cut {
				op := ws.OpContinuation
				if i == 0 {
					op = ws.OpText
				}
				client.Frame(i == len(cut)-1, op, gatewaytest.Random(length))
				client.Frame(true, ws.OpPing, fmt.Sprint("ping ", i))
			}
		}()
		for i, length := range cut {
			whole.WriteString(gatewaytest.Random(length))
			if got := client.ExpectFrame(ws.OpPong); got != fmt.Sprint("ping ", i) {
				t.Fatalf("pong says %q", got)
			}
		}
		prosody.Expect(whole.String())
	}
	// The upstream's would pass as well.
	prosody.Frame(false, ws.OpText, "<a>")
	prosody.Frame(true, ws.OpPing, "")
	prosody.Frame(true, ws.OpContinuation, "</a>")
	client.Expect("<a></a>")
}

// TestPingsStayOnTheirHop: each is answered where it came from, and a pong that
// was not asked for is dropped.
func TestPingsStayOnTheirHop(t *testing.T) {
	w := newWorld(t, Options{})
	client, prosody := w.Guest()
	for _, way := range []struct{ from, to *gatewaytest.Wire }{{client, prosody}, {prosody, client}} {
		for _, payload := range []string{"", "x", strings.Repeat("y", 125)} {
			way.from.Frame(true, ws.OpPong, payload)
			way.from.Frame(true, ws.OpPing, payload)
			if got := way.from.ExpectFrame(ws.OpPong); got != payload {
				t.Errorf("the pong says %q, want %q", got, payload)
			}
		}
		way.from.Text("<a/>")
		way.to.Expect("<a/>")
	}
}
