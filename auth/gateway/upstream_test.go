package gateway

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

// An upstream stands where Prosody's HTTP server would, in the test's process.
// It speaks WebSocket and plain HTTP, says of XMPP only what the test has it
// say, and knows none of Prosody's rules.
type upstream struct {
	*httptest.Server
	t       testing.TB
	status  atomic.Int32   // of answers to handshakes, if not 0
	sockets chan *wire     // that were accepted
	posts   chan *exchange // that wait for their answers
}

// An exchange is a plain request that was read whole.
type exchange struct {
	*http.Request
	body   string
	answer chan string
}

func newUpstream(t testing.TB) *upstream {
	u := &upstream{t: t, sockets: make(chan *wire, 100), posts: make(chan *exchange, 100)}
	u.Server = httptest.NewServer(u)
	t.Cleanup(func() {
		u.Server.CloseClientConnections() // of requests that wait
		u.Server.Close()
	})
	return u
}

// ServeHTTP implements http.Handler.
func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if status := u.status.Load(); status != 0 {
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
	s := newWire(u.t, conn, rw.Reader, false)
	s.asked = r
	u.sockets <- s
}

func (u *upstream) exchange(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	x := &exchange{r, string(body), make(chan string, 1)}
	u.posts <- x
	select {
	case answer := <-x.answer:
		w.Header().Set("Content-Type", "text/xml; charset=utf-8")
		w.Header().Set("Access-Control-Allow-Origin", "*")
		_, _ = io.WriteString(w, answer)
	case <-r.Context().Done():
	}
}

// socket waits for the next WebSocket.
func (u *upstream) socket() *wire {
	u.t.Helper()
	return receive(u.t, u.sockets)
}

// post waits for the next plain request.
func (u *upstream) post() *exchange {
	u.t.Helper()
	return receive(u.t, u.posts)
}

func receive[T any](t testing.TB, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatal("nothing comes")
		panic("not reached")
	}
}

// untouched wants nothing to have come that the test did not take.
func (u *upstream) untouched() {
	u.t.Helper()
	if len(u.sockets) > 0 || len(u.posts) > 0 {
		u.t.Errorf("%d WebSockets and %d requests came", len(u.sockets), len(u.posts))
	}
}

// silent is a listener that takes connections and says nothing.
func silent(t testing.TB) net.Listener {
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
