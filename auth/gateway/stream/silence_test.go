package stream

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"usher/auth/gateway/budget"
	"usher/auth/gateway/gatewaytest"
	"usher/auth/gateway/login"
	"usher/auth/gateway/websocket"
)

// inside begins a session that has logged in.
func inside(t *testing.T, o Options, f func(t *testing.T, p *pipes)) {
	t.Helper()
	piped(t, o, login.Credentials{Guests: true}, func(t *testing.T, p *pipes) {
		p.prosody.Text(gatewaytest.Success)
		p.client.Expect(gatewaytest.Success)
		f(t, p)
	})
}

// TestSilentClients are pinged, and taken for gone if they do not answer.
func TestSilentClients(t *testing.T) {
	inside(t, Options{}, func(t *testing.T, p *pipes) {
		start := time.Now()
		for range 2 {
			p.client.ExpectFrame(ws.OpPing)
		}
		p.client.ExpectEnd()
		since(t, start, 150*time.Second)
		p.prosody.ExpectEnd()
		synctest.Wait()
		p.ended("idle")
	})
}

// TestAnswersKeepASession, for days; a client that says something is not pinged.
func TestAnswersKeepASession(t *testing.T) {
	inside(t, Options{}, func(t *testing.T, p *pipes) {
		for range 2000 {
			p.client.ExpectFrame(ws.OpPing)
			p.client.Frame(true, ws.OpPong, "")
		}
		for range 100 {
			time.Sleep(50 * time.Second)
			p.client.Text("<a/>")
			p.prosody.Expect("<a/>")
		}
	})
}

// TestSilentProsodyStays: it pings by itself, in its own time.
func TestSilentProsodyStays(t *testing.T) {
	inside(t, Options{}, func(t *testing.T, p *pipes) {
		p.drained(p.client)
		time.Sleep(24 * time.Hour)
		p.prosody.Frame(true, ws.OpPing, "still there?")
		if got := p.prosody.ExpectFrame(ws.OpPong); got != "still there?" {
			t.Errorf("the pong says %q", got)
		}
	})
}

// TestStalledMessages: one that does not come to its end in time ends the
// session, wherever it stops.
func TestStalledMessages(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	for _, row := range []struct {
		name string
		sent int // bytes of the frame
		want time.Duration
	}{
		{"in the header", 1, 150 * time.Second},
		{"before the payload", 14, 30*time.Second + 12*time.Second},
		{"in the first piece", 1000, 30*time.Second + 12*time.Second},
		{"in the last piece", 99_000, 30*time.Second + 12*time.Second},
	} {
		inside(t, Options{}, func(t *testing.T, p *pipes) {
			p.drained(p.prosody)
			start := time.Now()
			p.client.Raw(p.client.Encoded(ws.Header{Fin: true, OpCode: ws.OpText}, long)[:row.sent])
			for {
				if f, err := p.client.Next(); err != nil {
					break
				} else if f.Header.OpCode != ws.OpPing {
					t.Errorf("%s: the client gets %q", row.name, f.Payload)
				}
			}
			since(t, start, row.want)
			synctest.Wait()
			p.ended("idle")
		})
	}
}

// TestSlowButSteady: 8 KiB a second are enough for a message of any length, in
// one frame or in many.
func TestSlowButSteady(t *testing.T) {
	const length = 1 << 20
	message := gatewaytest.Random(length)
	fragments := func(c *gatewaytest.Wire) (b []byte) {
		for i := 0; i < length; i += 1000 {
			op := ws.OpContinuation
			if i == 0 {
				op = ws.OpText
			}
			b = append(b, c.Encoded(ws.Header{Fin: i+1000 >= length, OpCode: op}, message[i:min(i+1000, length)])...)
		}
		return b
	}
	whole := func(c *gatewaytest.Wire) []byte { return c.Encoded(ws.Header{Fin: true, OpCode: ws.OpText}, message) }
	for _, encode := range []func(*gatewaytest.Wire) []byte{whole, fragments} {
		inside(t, Options{}, func(t *testing.T, p *pipes) {
			p.beside.Go(func() { // it is asked meanwhile, and cannot answer
				for {
					if _, err := p.client.Next(); err != nil {
						return
					}
				}
			})
			p.beside.Go(func() {
				for b := encode(p.client); len(b) > 0; b = b[min(budget.Slowest, len(b)):] {
					if _, err := p.client.Conn.Write(b[:min(budget.Slowest, len(b))]); err != nil {
						return
					}
					time.Sleep(time.Second)
				}
			})
			p.prosody.Expect(message)
		})
	}
}

// TestClientThatDoesNotRead: nothing is kept for it, Prosody has to wait, and
// after WriteTimeout the session is over. Prosody keeps the stream.
func TestClientThatDoesNotRead(t *testing.T) {
	inside(t, Options{}, func(t *testing.T, p *pipes) {
		start := time.Now()
		p.prosody.Text("<first/>") // is being written to the client
		second := make(chan time.Duration)
		go func() {
			_ = p.prosody.Try(true, ws.OpText, "<second/>")
			second <- time.Since(start)
		}()
		if took := <-second; took != 15*time.Second {
			t.Errorf("Prosody waited %v, want 15s", took)
		}
		p.prosody.ExpectEnd()
		p.client.ExpectEnd()
		since(t, start, 15*time.Second)
		synctest.Wait()
		p.ended("slow")
	})
}

// TestClientThatReadsLittle: each piece has its time, not each byte.
func TestClientThatReadsLittle(t *testing.T) {
	inside(t, Options{}, func(t *testing.T, p *pipes) {
		start := time.Now()
		p.beside.Go(func() { _ = p.prosody.Try(true, ws.OpText, gatewaytest.Random(10*budget.Piece)) })
		for {
			if _, err := p.client.Conn.Read(make([]byte, 1000)); err != nil {
				break
			}
			time.Sleep(time.Second)
		}
		if took := time.Since(start); took < 15*time.Second || took > 17*time.Second {
			t.Errorf("it was let read for %v", took)
		}
		synctest.Wait()
		p.ended("slow")
	})
}

// TestPingOfAClientThatDoesNotRead: it delays no other client's, and ends its own
// session: a frame may have been cut.
func TestPingOfAClientThatDoesNotRead(t *testing.T) {
	inside(t, Options{IdleTimeout: time.Hour}, func(t *testing.T, p *pipes) {
		time.Sleep(60*time.Second + 15*time.Second + 2*time.Second)
		p.client.ExpectEnd()
		p.prosody.ExpectEnd()
		p.ended("slow")
	})
	synctest.Test(t, func(t *testing.T) {
		p, start := newPipes(t, Options{IdleTimeout: time.Hour}, login.Credentials{Guests: true}), time.Now()
		defer p.over()
		p.prosody.Text(gatewaytest.Success)
		p.client.Expect(gatewaytest.Success)
		for range 8 { // who do not log in: the same goroutine sees that
			other, end := p.another(login.Credentials{Guests: true})
			defer end.Conn.Close()
			p.drained(end)
			p.beside.Go(func() {
				other.ExpectOne("<stream:error ", "<connection-timeout ")
				since(t, start, 61*time.Second)
				_ = other.Conn.Close()
			})
		}
		time.Sleep(2 * time.Minute)
	})
}

// TestPongOfAClientThatDoesNotRead: a client that pings has to take the answers.
func TestPongOfAClientThatDoesNotRead(t *testing.T) {
	inside(t, Options{}, func(t *testing.T, p *pipes) {
		start := time.Now()
		p.client.Frame(true, ws.OpPing, "")
		if err := p.client.Try(true, ws.OpPing, ""); err == nil {
			t.Error("another ping was taken before the first was answered")
		}
		since(t, start, 15*time.Second)
		synctest.Wait()
		p.ended("slow")
	})
}

// TestProsodyThatDoesNotRead: its client is told that it is gone.
func TestProsodyThatDoesNotRead(t *testing.T) {
	inside(t, Options{}, func(t *testing.T, p *pipes) {
		start := time.Now()
		p.client.Text("<a/>")
		p.client.ExpectClose(ws.StatusCode(websocket.StatusBadGateway), "")
		since(t, start, 15*time.Second)
		p.client.ExpectEnd()
		p.ended("prosody")
	})
}
