package stream

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"usher/auth/gateway/gatewaytest"
	"usher/auth/gateway/login"
	"usher/auth/gateway/relay"
	"usher/auth/gateway/stanza"
	"usher/auth/gateway/websocket"
	"usher/internal/taskgroup"
)

func TestLoginTimeout(t *testing.T) {
	for _, l := range []login.Credentials{{Guests: true}, {Token: gatewaytest.AliceToken}, {}} {
		piped(t, Options{}, l, func(t *testing.T, p *pipes) {
			p.beside.Go(func() { // not silent
				for p.client.Try(true, ws.OpPong, "") == nil {
					time.Sleep(7 * time.Second)
				}
			})
			p.drained(p.prosody)
			start := time.Now()
			p.client.ExpectOne("<stream:error ", "<connection-timeout ")
			if took := time.Since(start); took < time.Minute || took > time.Minute+2*time.Second {
				t.Errorf("after %v", took)
			}
			p.client.Expect(stanza.Close)
			p.client.ExpectClose(ws.StatusPolicyViolation, "")
			synctest.Wait()
			p.ended("login_timeout")
		})
	}
}

// TestLoggedInInTime: there is no timeout any more, and pings do for silence.
func TestLoggedInInTime(t *testing.T) {
	piped(t, Options{}, login.Credentials{Guests: true}, func(t *testing.T, p *pipes) {
		time.Sleep(59 * time.Second)
		p.prosody.Text(gatewaytest.Success)
		p.client.Expect(gatewaytest.Success)
		for range 10 {
			p.client.ExpectFrame(ws.OpPing)
			p.client.Frame(true, ws.OpPong, "")
		}
		p.client.Text("<a/>")
		p.prosody.Expect("<a/>")
		synctest.Wait()
	})
}

// TestJoinTimeout: a join waits so long and no longer.
func TestJoinTimeout(t *testing.T) {
	piped(t, Options{}, login.Credentials{Token: gatewaytest.AliceToken}, func(t *testing.T, p *pipes) {
		p.Rooms.Hook = func(ctx context.Context) { <-ctx.Done() }
		p.client.Text(gatewaytest.StreamTo)
		p.prosody.Expect(gatewaytest.StreamTo)
		p.client.Text(gatewaytest.Anonymous)
		p.prosody.Expect(gatewaytest.WithTicket("1"))
		p.prosody.Text(gatewaytest.Success)
		p.client.Expect(gatewaytest.Success)
		start := time.Now()
		p.client.Text(gatewaytest.Join(gatewaytest.Room + "/Alice"))
		p.prosody.Expect(gatewaytest.Join(gatewaytest.Room + "/Alice"))
		since(t, start, 200*time.Millisecond)
	})
}

// TestLeftBehind: the caller of Stop learns that something still uses
// what it was given.
func TestLeftBehind(t *testing.T) {
	sessions := NewSessions(Options{})
	sessions.Serve(t.Context())
	free := make(chan struct{})
	sessions.Go(func(context.Context) { <-free })
	soon, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := sessions.Stop(soon); !errors.Is(err, taskgroup.ErrLeft) {
		t.Errorf("with something left: %v", err)
	}
	close(free)
	if err := sessions.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestSessionsThatComeTooLate: one that begins while the others are told to stop
// is told so as well.
func TestSessionsThatComeTooLate(t *testing.T) {
	w := newWorld(t, Options{})
	before, end := w.Guest()
	before.Text("<a/>")
	end.Expect("<a/>") // it has begun
	w.sessions.close()
	client, prosody := w.Open("")
	client.Expect(stanza.Close)
	client.ExpectClose(ws.StatusGoingAway, "")
	client.ExpectEnd()
	prosody.ExpectEnd()
	w.Ended("stopped")
	_ = before.Conn.Close()
}

// TestProsodyIsToldFirst: of the end of a stream Prosody hears before its client, who could resume it at once; a Prosody
// that does not read delays what the client is told, and takes nothing from it.
func TestProsodyIsToldFirst(t *testing.T) {
	for _, reads := range []bool{true, false} {
		inside(t, Options{}, func(t *testing.T, p *pipes) {
			start := time.Now()
			h := ws.Header{Fin: true, OpCode: ws.OpText, Masked: true, Length: 2 << 20}
			var head bytes.Buffer
			if err := ws.WriteHeader(&head, h); err != nil {
				t.Fatal(err)
			}
			p.client.Raw(head.Bytes())
			after := time.Second // as long as each has
			if reads {
				p.prosody.Expect(stanza.Close)
				p.prosody.Text(stanza.Close) // as it answers; the client is to be told why first
				synctest.Wait()
				p.prosody.ExpectClose(ws.StatusNormalClosure, "")
				after = 0
			}
			p.client.ExpectOne("<stream:error ", "<policy-violation ")
			since(t, start, after)
			p.client.Expect(stanza.Close)
			p.client.ExpectClose(ws.StatusPolicyViolation, "")
		})
	}
}

// TestStopsWhileItConnects: a session that is told to stop while Prosody is dialled for it ends both connections, and
// neither reads what the other goroutine is about to write (-race).
func TestStopsWhileItConnects(t *testing.T) {
	w := newWorld(t, Options{Relays: relay.NewStreams(relay.Options{})})
	near, gate := pair(t, w.listener, w.Address)
	ours, theirs := pair(t, nil, "")
	prosody := new(websocket.Conn)
	prosody.Open(ours, nil, w.sessions.ProsodyOptions())
	asked, dialled := make(chan struct{}), make(chan struct{})
	w.places.Add(1)
	s := w.sessions.New(Client{
		MessageBytes: w.most, Share: w.budget.Share(netip.Prefix{}, w.most), Release: func() { w.places.Add(-1) },
		Connect: func(context.Context, string) (Link, error) {
			close(asked)
			<-dialled
			return Link{Prosody: prosody, Relay: &relay.Client{Host: "meet.example.com"}}, nil
		},
	})
	s.client.Open(gate, nil, s.optionsOfClient())
	s.Run()
	client, end := gatewaytest.NewWire(t, near, nil, true), gatewaytest.NewWire(t, theirs, nil, false)
	client.Text(gatewaytest.StreamTo)
	<-asked
	w.beside.Go(func() { s.close(stopped()) })
	for !s.over.Load() {
		runtime.Gosched()
	}
	time.Sleep(20 * time.Millisecond) // what is read of a connection would order the two
	close(dialled)
	client.Expect(stanza.Close)
	client.ExpectClose(ws.StatusGoingAway, "")
	end.ExpectEnd()
}
