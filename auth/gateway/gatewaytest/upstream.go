package gatewaytest

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

// An Upstream stands where Prosody's HTTP server would, in the test's process.
// It speaks WebSocket and plain HTTP, says of XMPP only what the test has it
// say, and knows none of Prosody's rules.
type Upstream struct {
	*httptest.Server
	t       testing.TB
	Status  atomic.Int32   // of answers to handshakes, if not 0
	sockets chan *Wire     // that were accepted
	posts   chan *Exchange // that wait for their answers
}

// An Exchange is a plain request that was read whole.
type Exchange struct {
	*http.Request
	Body   string
	Answer chan string
}

// NewUpstream starts one; it ends with the test.
func NewUpstream(t testing.TB) *Upstream {
	u := &Upstream{t: t, sockets: make(chan *Wire, 100), posts: make(chan *Exchange, 100)}
	u.Server = httptest.NewServer(u)
	t.Cleanup(func() {
		u.Server.CloseClientConnections() // of requests that wait
		u.Server.Close()
	})
	return u
}

// ServeHTTP implements http.Handler.
func (u *Upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if status := u.Status.Load(); status != 0 {
		http.Error(w, "as the test wants", int(status))
		return
	}
	if r.Header.Get("Sec-WebSocket-Key") == "" {
		u.exchange(w, r)
		return
	}
	upgrader := ws.HTTPUpgrader{Protocol: func(p string) bool { return p == "xmpp" }}
	conn, rw, _, err := upgrader.Upgrade(r, w)
	if err != nil {
		u.t.Errorf("the handshake at the upstream: %v", err)
		return
	}
	s := NewWire(u.t, conn, rw.Reader, false)
	s.Asked = r
	u.sockets <- s
}

func (u *Upstream) exchange(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	x := &Exchange{r, string(body), make(chan string, 1)}
	u.posts <- x
	select {
	case answer := <-x.Answer:
		w.Header().Set("Content-Type", "text/xml; charset=utf-8")
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("X-Jitsi-Shard", "shard-1") // nginx adds it, for the keep-alives of Jitsi's client
		_, _ = io.WriteString(w, answer)
	case <-r.Context().Done():
	}
}

// Socket waits for the next WebSocket.
func (u *Upstream) Socket() *Wire {
	u.t.Helper()
	return Receive(u.t, u.sockets)
}

// Post waits for the next plain request.
func (u *Upstream) Post() *Exchange {
	u.t.Helper()
	return Receive(u.t, u.posts)
}

// Receive waits for what a channel has.
func Receive[T any](t testing.TB, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(Timeout):
		t.Fatal("nothing comes")
		panic("not reached")
	}
}

// Untouched wants nothing to have come that the test did not take.
func (u *Upstream) Untouched() {
	u.t.Helper()
	if len(u.sockets) > 0 || len(u.posts) > 0 {
		u.t.Errorf("%d WebSockets and %d requests came", len(u.sockets), len(u.posts))
	}
}

// Silent returns a listener that takes connections and says nothing.
func Silent(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
		}
	}()
	return l
}
