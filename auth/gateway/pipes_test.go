package gateway

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"usher/auth/gateway/login"
	"usher/metrics"
)

// pipes are a session between two pipes, in a bubble with a time of its own.
// Nothing is buffered: what the gateway sends stays with it until the test reads.
type pipes struct {
	t testing.TB
	*Server
	client, prosody *wire
	auth            *fakeAuth
	rooms           *fakeRooms
	series          *metrics.Metrics
	stop            context.CancelFunc
	beside          sync.WaitGroup // what goes on beside the test, until the pipes are closed
}

// piped runs f beside a session that has just begun.
func piped(t *testing.T, o Options, l login.Credentials, f func(t *testing.T, p *pipes)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := newPipes(t, o, l)
		defer p.over() // also of a test that fails
		f(t, p)
	})
}

func (p *pipes) over() {
	_, _ = p.client.conn.Close(), p.prosody.conn.Close()
	p.sessions.all.Wait()
	p.beside.Wait()
	p.stop()
}

func newPipes(t testing.TB, o Options, l login.Credentials) *pipes {
	p := &pipes{t: t}
	var buffer *logBuffer
	p.Server, p.auth, p.rooms, buffer, p.series = newServer(o)
	t.Cleanup(func() { buffer.discreet(t) })
	p.Configure(Settings{MessageBytes: 1 << 20})
	ctx, cancel := context.WithCancel(context.Background())
	p.stop = cancel
	p.sessions.serve(ctx)
	go p.keep(ctx)
	p.client, p.prosody = p.another(l)
	return p
}

// another begins another session with the same gateway.
func (p *pipes) another(l login.Credentials) (near, prosody *wire) {
	far, gate := net.Pipe()
	ours, theirs := net.Pipe()
	s := &session{Server: p.Server, settings: p.Server.settings.Load(), free: func() {}, began: time.Now(), login: &l}
	s.share = p.budget.Share(netip.Prefix{}, s.settings.MessageBytes)
	s.client.Open(gate, nil, s.ofClient())
	s.prosody.Open(ours, nil, s.ofProsody())
	p.sessions.start(s)
	near, prosody = newWire(p.t, far, nil, true), newWire(p.t, theirs, nil, false)
	near.patience, prosody.patience = time.Hour, time.Hour
	return near, prosody
}

// ended wants the session to have ended for a reason.
func (p *pipes) ended(reason string) {
	p.t.Helper()
	if n := series(p.t, p.series, metrics.GatewayEnded, reason); n != 1 {
		p.t.Errorf("%v sessions ended for %s", n, reason)
	}
}

// drained has all be read that comes, and pings be answered.
func (p *pipes) drained(c *wire) {
	p.beside.Go(func() {
		for {
			f, err := c.next()
			if err != nil {
				return
			}
			if f.Header.OpCode == ws.OpPing {
				_ = c.try(true, ws.OpPong, "")
			}
		}
	})
}

// try sends a frame, if that can be done.
func (c *wire) try(fin bool, op ws.OpCode, payload string) error {
	_, err := c.conn.Write(c.encoded(ws.Header{Fin: fin, OpCode: op}, payload))
	return err
}

func since(t *testing.T, start time.Time, want time.Duration) {
	t.Helper()
	if took := time.Since(start); took != want {
		t.Errorf("after %v, want %v", took, want)
	}
}
