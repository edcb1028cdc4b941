package stream

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/auth/gateway/budget"
	"usher/auth/gateway/gatewaytest"
	"usher/auth/gateway/login"
	"usher/auth/gateway/websocket"
	"usher/internal/panics"
)

// A world is sessions on real sockets, between the test's clients and its end of
// Prosody.
type world struct {
	*gatewaytest.World
	sessions *Sessions
	budget   budget.Budget
	most     int64        // bytes of a message
	places   atomic.Int32 // that sessions have
	listener net.Listener // of clients
	beside   sync.WaitGroup
	stop     func() error // ends all; more than once
}

// withWorld fills in the collaborators, and short deadlines where nothing is
// gained by waiting.
func withWorld(o Options, w *gatewaytest.World) Options {
	o.Exchange = &login.Exchange{Tickets: w.Auth}
	o.Memory, o.Rooms, o.Metrics, o.Log = w.Auth, w.Rooms, w.Series.Gateway(), w.Logger()
	o.Panics = panics.New(o.Log, w.Series)
	for value, usual := range map[*time.Duration]time.Duration{
		&o.HandshakeTimeout: 10 * time.Second, &o.LoginTimeout: time.Minute, &o.PingAfter: time.Minute, &o.IdleTimeout: 150 * time.Second,
		&o.WriteTimeout: 15 * time.Second, &o.JoinTimeout: 200 * time.Millisecond, &o.LingerTimeout: time.Second,
	} {
		if *value == 0 {
			*value = usual
		}
	}
	return o
}

func newWorld(t testing.TB, o Options) *world {
	t.Helper()
	return newWorldOn(t, nil, o)
}

// newWorldOn has clients connect to a listener of its own kind.
func newWorldOn(t testing.TB, kind func(net.Listener) net.Listener, o Options) *world {
	t.Helper()
	if o.LingerTimeout == 0 {
		o.LingerTimeout = 200 * time.Millisecond
	}
	w := &world{World: gatewaytest.NewWorld(t), most: 2 << 20, listener: listen(t)}
	w.Opens, w.Address = w.open, w.listener.Addr().String()
	if kind != nil {
		w.listener = kind(w.listener)
	}
	w.sessions = NewSessions(withWorld(o, w.World))
	ctx, cancel := context.WithCancel(t.Context())
	w.sessions.Serve(ctx)
	w.stop = sync.OnceValue(func() error {
		cancel()
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), gatewaytest.Timeout)
		defer cancel()
		err := w.sessions.Stop(late)
		w.beside.Wait()
		return err
	})
	t.Cleanup(w.over)
	return w
}

// over ends all sessions, of which nothing may be left.
func (w *world) over() {
	if err := w.stop(); err != nil {
		w.T.Error(err)
	}
	if held, running, places := w.budget.Taken(), w.sessions.Running(), w.places.Load(); held != 0 || running != 0 || places != 0 {
		w.T.Errorf("left are %d bytes, %d sessions, %d places", held, running, places)
	}
}

// open begins a session with a token, or without.
func (w *world) open(token string) (client, prosody *gatewaytest.Wire) {
	w.T.Helper()
	near, gate := pair(w.T, w.listener, w.Address)
	ours, theirs := pair(w.T, nil, "")
	w.places.Add(1)
	s := w.sessions.New(Client{
		MessageBytes: w.most, Share: w.budget.Share(netip.Prefix{}, w.most),
		Release: func() { w.places.Add(-1) },
	})
	s.connected(ours, login.Credentials{Token: token, Guests: true})
	s.client.Open(gate, nil, s.optionsOfClient())
	w.beside.Go(s.Run) // which returns at once, unless all are told to stop
	return gatewaytest.NewWire(w.T, near, nil, true), gatewaytest.NewWire(w.T, theirs, nil, false)
}

// connected gives a session its connection to Prosody, as if its stream had begun.
func (s *Session) connected(prosody net.Conn, l login.Credentials) {
	conn := new(websocket.Conn)
	conn.Open(prosody, nil, s.sessions.ProsodyOptions())
	_ = s.linked(Link{Prosody: conn, Login: l})
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// pair connects to a listener, or to one of its own, and returns both ends.
func pair(t testing.TB, l net.Listener, address string) (dialled, accepted net.Conn) {
	t.Helper()
	if l == nil {
		l = listen(t)
		address = l.Addr().String()
	}
	dialled, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	if accepted, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return dialled, accepted
}

// taken is how many places sessions have.
func (w *world) taken() int { return int(w.places.Load()) }
