package driver_test

import (
	"io"
	"net"
	"sync"
	"testing"
)

// A wire passes connections on as they are, until it is told to end them.
type wire struct {
	net.Listener
	to string

	mu    sync.Mutex
	alive map[net.Conn]net.Conn // both ends
}

func newWire(t *testing.T, to string) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{Listener: listener, to: to, alive: map[net.Conn]net.Conn{}}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { w.pass(conn) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		w.end("")
		running.Wait()
	})
	return w
}

func (w *wire) addr() string { return w.Addr().String() }

func (w *wire) pass(client net.Conn) {
	server, err := net.Dial("tcp", w.to)
	if err != nil {
		client.Close()
		return
	}
	w.mu.Lock()
	w.alive[client] = server
	w.mu.Unlock()
	var both sync.WaitGroup
	for from, to := range map[net.Conn]net.Conn{client: server, server: client} {
		both.Go(func() {
			_, _ = io.Copy(to, from)
			client.Close()
			server.Close()
		})
	}
	both.Wait()
	w.mu.Lock()
	delete(w.alive, client)
	w.mu.Unlock()
}

// end cuts all connections. The clients get last words; the server sees nothing but the cut.
func (w *wire) end(words string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for client, server := range w.alive {
		_, _ = io.WriteString(client, words) // who has gone needs none
		server.Close()
		client.Close()
	}
}
