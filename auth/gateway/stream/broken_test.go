package stream

import (
	"encoding/binary"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"usher/auth/gateway/budget"
	"usher/auth/gateway/gatewaytest"
	"usher/auth/gateway/stanza"
)

// TestBrokenFrames end the session with 1002. The upstream sees a connection
// that ends, for its client may well come back.
func TestBrokenFrames(t *testing.T) {
	masked := func(b ...byte) string { return string(append(b, 0, 0, 0, 0)) }
	long := binary.BigEndian.AppendUint64([]byte{0x81, 0xff}, 1<<63)
	for name, bytes := range map[string]string{
		"unmasked":                     "\x81\x04<a/>",
		"unmasked ping":                "\x89\x00",
		"reserved bit 1":               masked(0xc1, 0x80),
		"reserved bit 2":               masked(0xa1, 0x80),
		"reserved bit 3":               masked(0x91, 0x80),
		"reserved opcode":              masked(0x83, 0x80),
		"reserved control":             masked(0x8b, 0x80),
		"continuation of nothing":      masked(0x80, 0x80),
		"a text within another":        masked(0x01, 0x80) + masked(0x81, 0x80),
		"ping over 125":                masked(0x89, 0xfe, 0, 126) + strings.Repeat("x", 126),
		"ping in fragments":            masked(0x09, 0x80),
		"close over 125":               masked(0x88, 0xfe, 0, 126) + strings.Repeat("x", 126),
		"length with the high bit":     string(append(long, 0, 0, 0, 0)),
		"close of one byte":            masked(0x88, 0x81) + "x",
		"close with 1005":              masked(0x88, 0x82) + "\x03\xed",
		"close with 999":               masked(0x88, 0x82) + "\x03\xe7",
		"close, not UTF-8":             masked(0x88, 0x83) + "\x03\xe8\xff",
		"broken in between":            masked(0x01, 0x80) + "\x89\x00",
		"a ping, then something wrong": masked(0x8a, 0x80) + masked(0x83, 0x80),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{})
			client, prosody := w.Guest()
			client.Text("<before/>")
			client.Raw([]byte(bytes))
			prosody.Expect("<before/>")
			client.ExpectClose(ws.StatusProtocolError, "")
			client.ExpectEnd()
			prosody.ExpectEnd()
			w.Ended("protocol")
		})
	}
}

// tooLarge wants both streams to be ended, with an error for the client: if it
// resumed, it would send the same again.
func tooLarge(t *testing.T, w *world, client, prosody *gatewaytest.Wire) {
	t.Helper()
	client.ExpectOne("<stream:error ", "<policy-violation ")
	client.Expect(stanza.Close)
	client.ExpectClose(ws.StatusPolicyViolation, "")
	prosody.Expect(stanza.Close)
	prosody.ExpectClose(ws.StatusNormalClosure, "")
	prosody.ExpectEnd()
	w.Ended("too_large")
}

func TestTooLargeMessages(t *testing.T) {
	const most = 40_000
	huge := binary.BigEndian.AppendUint64([]byte{0x80, 0xff}, 1<<63-1)
	for name, send := range map[string]func(*gatewaytest.Wire){
		"whole": func(c *gatewaytest.Wire) { c.Text(gatewaytest.Random(most + 1)) },
		"fragments": func(c *gatewaytest.Wire) {
			c.Frame(false, ws.OpText, gatewaytest.Random(most))
			c.Frame(true, ws.OpContinuation, "x")
		},
		"one fragment": func(c *gatewaytest.Wire) {
			c.Frame(false, ws.OpText, gatewaytest.Random(most+1))
		},
		"a length that overflows": func(c *gatewaytest.Wire) { c.Frame(false, ws.OpText, "<"); c.Raw(append(huge, 0, 0, 0, 0)) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{})
			w.most = most
			client, prosody := w.Guest()
			client.Text(gatewaytest.Random(most))
			prosody.Expect(gatewaytest.Random(most))
			client.Frame(false, ws.OpText, gatewaytest.Random(most/2))
			client.Frame(true, ws.OpContinuation, gatewaytest.Random(most/2))
			prosody.Expect(gatewaytest.Random(most/2) + gatewaytest.Random(most/2))
			send(client)
			tooLarge(t, w, client, prosody)
		})
	}
}

// TestBudget: who sends large messages in fragments while all of the budget is
// in use is told so; short ones pass, and so do long ones in one frame.
func TestBudget(t *testing.T) {
	w := newWorld(t, Options{})
	giveBack := gatewaytest.TakeBudget(t, &w.budget, budget.InAll-1000)
	client, prosody := w.Guest()
	client.Frame(false, ws.OpText, gatewaytest.Random(budget.Piece))
	client.Frame(true, ws.OpContinuation, gatewaytest.Random(1000))
	prosody.Expect(gatewaytest.Random(budget.Piece) + gatewaytest.Random(1000))
	client.Text(gatewaytest.Random(3 * budget.Piece))
	prosody.Expect(gatewaytest.Random(3 * budget.Piece))
	client.Frame(false, ws.OpText, gatewaytest.Random(budget.Piece))
	client.Frame(false, ws.OpContinuation, gatewaytest.Random(1001))
	client.ExpectOne("<stream:error ", "<resource-constraint ")
	client.Expect(stanza.Close)
	client.ExpectClose(ws.StatusPolicyViolation, "")
	prosody.Expect(stanza.Close)
	prosody.ExpectClose(ws.StatusNormalClosure, "")
	w.Ended("overloaded")
	giveBack()
}

// TestEndlessFragments: a message in fragments has its time like any other,
// however many there are and however little is in them.
func TestEndlessFragments(t *testing.T) {
	for _, payload := range []string{"", "x", strings.Repeat("x", 100)} {
		inside(t, Options{}, func(t *testing.T, p *pipes) {
			start := time.Now()
			p.beside.Go(func() {
				for op := ws.OpText; p.client.Try(false, op, payload) == nil; op = ws.OpContinuation {
					time.Sleep(700 * time.Millisecond)
				}
			})
			p.client.ExpectEnd()
			since(t, start, 30*time.Second)
			p.prosody.ExpectEnd()
			synctest.Wait()
			p.ended("idle")
		})
	}
}
