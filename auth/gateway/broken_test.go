package gateway

import (
	"encoding/binary"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"usher/auth/gateway/stanza"

	"usher/auth/gateway/budget"
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
			client, prosody := w.guest()
			client.text("<before/>")
			client.raw([]byte(bytes))
			prosody.expect("<before/>")
			client.expectClose(ws.StatusProtocolError, "")
			client.expectEnd()
			prosody.expectEnd()
			w.ended("protocol")
		})
	}
}

// tooLarge wants both streams to be ended, with an error for the client: if it
// resumed, it would send the same again.
func tooLarge(t *testing.T, w *world, client, prosody *wire) {
	t.Helper()
	client.expectOne("<stream:error ", "<policy-violation ")
	client.expect(stanza.Close)
	client.expectClose(ws.StatusPolicyViolation, "")
	prosody.expect(stanza.Close)
	prosody.expectClose(ws.StatusNormalClosure, "")
	prosody.expectEnd()
	w.ended("too_large")
}

func TestTooLargeMessages(t *testing.T) {
	const most = 40_000
	huge := binary.BigEndian.AppendUint64([]byte{0x80, 0xff}, 1<<63-1)
	for name, send := range map[string]func(*wire){
		"whole":     func(c *wire) { c.text(random(most + 1)) },
		"fragments": func(c *wire) { c.frame(false, ws.OpText, random(most)); c.frame(true, ws.OpContinuation, "x") },
		"one fragment": func(c *wire) {
			c.frame(false, ws.OpText, random(most+1))
		},
		"a length that overflows": func(c *wire) { c.frame(false, ws.OpText, "<"); c.raw(append(huge, 0, 0, 0, 0)) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{}, messages(most))
			client, prosody := w.guest()
			client.text(random(most))
			prosody.expect(random(most))
			client.frame(false, ws.OpText, random(most/2))
			client.frame(true, ws.OpContinuation, random(most/2))
			prosody.expect(random(most/2) + random(most/2))
			send(client)
			tooLarge(t, w, client, prosody)
		})
	}
}

// TestBudget: who sends large messages in fragments while all of the budget is
// in use is told so; short ones pass, and so do long ones in one frame.
func TestBudget(t *testing.T) {
	w := newWorld(t, Options{})
	giveBack := w.takeBudget(budget.InAll - 1000)
	client, prosody := w.guest()
	client.frame(false, ws.OpText, random(budget.Piece))
	client.frame(true, ws.OpContinuation, random(1000))
	prosody.expect(random(budget.Piece) + random(1000))
	client.text(random(3 * budget.Piece))
	prosody.expect(random(3 * budget.Piece))
	client.frame(false, ws.OpText, random(budget.Piece))
	client.frame(false, ws.OpContinuation, random(1001))
	client.expectOne("<stream:error ", "<resource-constraint ")
	client.expect(stanza.Close)
	client.expectClose(ws.StatusPolicyViolation, "")
	prosody.expect(stanza.Close)
	prosody.expectClose(ws.StatusNormalClosure, "")
	w.ended("overloaded")
	giveBack()
}

// TestEndlessFragments: a message in fragments has its time like any other,
// however many there are and however little is in them.
func TestEndlessFragments(t *testing.T) {
	for _, payload := range []string{"", "x", strings.Repeat("x", 100)} {
		inside(t, Options{}, func(t *testing.T, p *pipes) {
			start := time.Now()
			p.beside.Go(func() {
				for op := ws.OpText; p.client.try(false, op, payload) == nil; op = ws.OpContinuation {
					time.Sleep(700 * time.Millisecond)
				}
			})
			p.client.expectEnd()
			since(t, start, 30*time.Second)
			p.prosody.expectEnd()
			synctest.Wait()
			p.ended("idle")
		})
	}
}
