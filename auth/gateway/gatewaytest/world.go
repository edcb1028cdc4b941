package gatewaytest

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"usher/metrics"
)

// The paths of Prosody's own modules, at the gateway as well.
const (
	WebSocketPath = "/xmpp-websocket"
	BOSHPath      = "/http-bind"
)

// A World is what stands around a gateway, or a part of one, in a test.
type World struct {
	T        testing.TB
	Auth     *Auth
	Rooms    *Rooms
	Log      *Log
	Series   *metrics.Metrics
	Upstream *Upstream // nil in a test without one
	Address  string    // of the gateway, once it listens

	// Opens opens a WebSocket with a token, or without; nil has it go to Address.
	Opens func(token string) (client, prosody *Wire)
}

// NewWorld returns one without an upstream. When the test has ended the log must
// hold no secret.
func NewWorld(t testing.TB) *World {
	w := &World{T: t, Auth: &Auth{}, Rooms: &Rooms{}, Log: &Log{}, Series: metrics.New("test")}
	if t != nil {
		t.Cleanup(func() { w.Log.Discreet(t) })
	}
	return w
}

// Logger writes everything to the log.
func (w *World) Logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(w.Log, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// Listen has a gateway serve, on a listener of some kind if that is not nil. It
// returns what ends serve and returns its error, more than once.
func (w *World) Listen(
	kind func(net.Listener) net.Listener, serve func(context.Context, net.Listener) error,
) (stop func() error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.T.Fatal(err)
	}
	w.Address = l.Addr().String()
	if kind != nil {
		l = kind(l)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- serve(ctx, l) }()
	return sync.OnceValue(func() error {
		cancel()
		return <-served
	})
}

// Dial opens a WebSocket as a browser's page does. A nil header has the Origin of
// [Page].
func (w *World) Dial(query string, header http.Header) (*Wire, error) {
	if header == nil {
		header = http.Header{"Origin": {Page}}
	}
	d := ws.Dialer{Protocols: []string{"xmpp"}, Header: ws.HandshakeHeaderHTTP(header)}
	ctx, cancel := context.WithTimeout(context.Background(), Timeout)
	defer cancel()
	conn, early, _, err := d.Dial(ctx, "ws://"+w.Address+WebSocketPath+"?room="+SecretRoom+query)
	if err != nil {
		return nil, err
	}
	return NewWire(w.T, conn, early, true), nil
}

// Open connects with a token, or without, and returns both ends. The gateway connects to
// Prosody when the client has said for which host it comes.
func (w *World) Open(token string) (client, prosody *Wire) {
	w.T.Helper()
	if w.Opens != nil {
		return w.Opens(token)
	}
	query := ""
	if token != "" {
		query = "&token=" + token
	}
	client, err := w.Dial(query, nil)
	if err != nil {
		w.T.Fatalf("%v\n%s", err, w.Log)
	}
	return client, Later(w.T, w.Upstream.Socket)
}

// Guest logs in without a token.
func (w *World) Guest() (client, prosody *Wire) {
	w.T.Helper()
	client, prosody = w.Open("")
	for _, s := range []string{StreamTo, Anonymous} {
		client.Text(s)
		prosody.Expect(s)
	}
	prosody.Text(Success)
	client.Expect(Success)
	return client, prosody
}

// Trying begins a login that Prosody does not answer yet.
func (w *World) Trying(token string) (client, prosody *Wire) {
	w.T.Helper()
	client, prosody = w.Open(token)
	client.Text(StreamTo)
	client.Text(Anonymous)
	prosody.Expect(StreamTo)
	prosody.Expect(WithTicket("1"))
	return client, prosody
}

// Login logs in as Jitsi's client does.
func (w *World) Login(token string) (client, prosody *Wire) {
	w.T.Helper()
	client, prosody = w.Trying(token)
	w.Auth.Use(TicketText + "1")
	prosody.Text(Success)
	client.Expect(Success)
	return client, prosody
}

// Connect opens a connection that has said nothing.
func (w *World) Connect() *Wire {
	w.T.Helper()
	conn, err := net.Dial("tcp", w.Address)
	if err != nil {
		w.T.Fatal(err)
	}
	return NewWire(w.T, conn, nil, true)
}

// Eventually waits for what other goroutines are about to bring about.
func (w *World) Eventually(what string, holds func() bool) {
	w.T.Helper()
	for deadline := time.Now().Add(Timeout); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			w.T.Fatalf("not so: %s\n%s", what, w.Log)
		}
	}
}

// Counted waits for a series with one label to have a value.
func (w *World) Counted(name, label string, want float64) {
	w.T.Helper()
	w.Eventually(fmt.Sprintf("%s{%s} is %v", name, label, want), func() bool {
		return Value(w.T, w.Series, name, label) == want
	})
}

// Ended waits for one session to have ended for a reason.
func (w *World) Ended(reason string) {
	w.T.Helper()
	w.Counted(metrics.GatewayEnded, reason, 1)
}
