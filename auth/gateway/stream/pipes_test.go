package stream

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"usher/auth/gateway/budget"
	"usher/auth/gateway/gatewaytest"
	"usher/auth/gateway/login"
	"usher/metrics"
)

// pipes are a session between two pipes, in a bubble with a time of its own.
// Nothing is buffered: what the gateway sends stays with it until the test reads.
type pipes struct {
	*gatewaytest.World
	sessions        *Sessions
	budget          budget.Budget
	client, prosody *gatewaytest.Wire
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
	_, _ = p.client.Conn.Close(), p.prosody.Conn.Close()
	p.sessions.all.Wait()
	p.stop()
	p.beside.Wait()
}

func newPipes(t testing.TB, o Options, l login.Credentials) *pipes {
	p := &pipes{World: gatewaytest.NewWorld(t)}
	p.sessions = NewSessions(withWorld(o, p.World))
	ctx, cancel := context.WithCancel(t.Context())
	p.stop = cancel
	p.sessions.Serve(ctx)
	p.beside.Go(func() { p.check(ctx) })
	p.client, p.prosody = p.another(l)
	return p
}

// check does each second what the gateway does.
func (p *pipes) check(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			p.sessions.Check(now)
		}
	}
}

// another begins another session with the same gateway.
func (p *pipes) another(l login.Credentials) (near, prosody *gatewaytest.Wire) {
	far, gate := net.Pipe()
	ours, theirs := net.Pipe()
	const most = 1 << 20
	s := p.sessions.New(Client{MessageBytes: most, Share: p.budget.Share(netip.Prefix{}, most), Release: func() {}})
	s.client.Open(gate, nil, s.optionsOfClient())
	s.connected(ours, l)
	s.Run()
	near, prosody = gatewaytest.NewWire(p.T, far, nil, true), gatewaytest.NewWire(p.T, theirs, nil, false)
	near.Timeout, prosody.Timeout = time.Hour, time.Hour
	return near, prosody
}

// ended wants the session to have ended for a reason.
func (p *pipes) ended(reason string) {
	p.T.Helper()
	if n := gatewaytest.Value(p.T, p.Series, metrics.GatewayEnded, reason); n != 1 {
		p.T.Errorf("%v sessions ended for %s", n, reason)
	}
}

// drained has all be read that comes, and pings be answered.
func (p *pipes) drained(c *gatewaytest.Wire) {
	p.beside.Go(func() {
		for {
			f, err := c.Next()
			if err != nil {
				return
			}
			if f.Header.OpCode == ws.OpPing {
				_ = c.Try(true, ws.OpPong, "")
			}
		}
	})
}

func since(t *testing.T, start time.Time, want time.Duration) {
	t.Helper()
	if took := time.Since(start); took != want {
		t.Errorf("after %v, want %v", took, want)
	}
}
