package httpd_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"usher/internal/httpd"
	"usher/internal/listen"
	"usher/internal/panics"
	"usher/metrics"
)

// A world is a server on a limited listener of its own.
type world struct {
	t *testing.T
	*listen.Listener
	log  syncBuffer
	stop func() error
}

type syncBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func serve(t *testing.T, network string, most int, srv *httpd.Server) *world {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), "s")
	}
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t}
	log := slog.New(slog.NewTextHandler(&w.log, nil))
	srv.Name, srv.Log, srv.Panics = "http", log, panics.New(log, metrics.New("test"))
	w.Listener = listen.Limit(l, listen.Options{Name: "http", Limits: listen.Limits{Most: most}, Log: log})
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ctx, w.Listener) }()
	w.stop = sync.OnceValue(func() error {
		cancel()
		return <-served
	})
	t.Cleanup(func() { _ = w.stop() })
	return w
}

func (w *world) dial() net.Conn {
	w.t.Helper()
	nc, err := net.Dial(w.Addr().Network(), w.Addr().String())
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = nc.Close() })
	return nc
}

// soon is less than what any of the server's limits lets somebody wait, and more than a busy machine takes.
const soon = 3 * time.Second

// ask does one request on a connection.
func (w *world) ask(nc net.Conn, path string) (status int, err error) {
	_ = nc.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := fmt.Fprintf(nc, "GET %s HTTP/1.1\r\nHost: usher\r\n\r\n", path); err != nil {
		return 0, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(nc), nil)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

// TestFlood: connections without a request keep no other from being answered,
// whatever it is that they do not finish.
func TestFlood(t *testing.T) {
	const most, flood = 64, 500
	for _, row := range []struct{ name, begin string }{
		{"silent", ""},
		{"half a header", "GET / HTTP/1.1\r\nHost: us"},
		{"refused, and kept alive", "GET /stranger HTTP/1.1\r\nHost: usher\r\n\r\n"},
		{"refused, with a body that does not come", "POST /stranger HTTP/1.1\r\nHost: usher\r\nContent-Length: 100000\r\n\r\n"},
		{"served, and kept alive", "GET / HTTP/1.1\r\nHost: usher\r\n\r\n"},
	} {
		for _, network := range []string{"tcp", "unix"} {
			t.Run(row.name+" "+network, func(t *testing.T) {
				w := serve(t, network, most, &httpd.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path == "/stranger" {
						http.Error(w, "no", http.StatusForbidden)
						return
					}
					httpd.Admit(r.Context())
				})})
				for range flood {
					if _, err := io.WriteString(w.dial(), row.begin); err != nil {
						t.Fatal(err)
					}
				}
				for range 20 {
					began := time.Now()
					if status, err := w.ask(w.dial(), "/"); err != nil || status != http.StatusOK || time.Since(began) > soon {
						t.Fatalf("%d, %v after %v", status, err, time.Since(began))
					}
				}
				if c := w.Counts(); c.Open > most || c.Closed < flood-most {
					t.Errorf("%+v", c)
				}
			})
		}
	}
}

// TestServedStay: a request in hand is answered, however many come meanwhile;
// when all places have one, a newcomer is told at once.
func TestServedStay(t *testing.T) {
	for _, open := range []bool{true, false} {
		begun, going := make(chan bool), make(chan bool)
		srv := &httpd.Server{Open: open, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			begun <- true
			<-going
		})}
		if !open {
			a := &httpd.Admission{}
			a.Configure(httpd.AdmissionSettings{Insecure: true, Hosts: []string{"usher"}})
			srv.Handler = a.Wrap(srv.Handler)
		}
		servedStay(t, srv, begun, going)
	}
}

func servedStay(t *testing.T, srv *httpd.Server, begun, going chan bool) {
	const most = 4
	w := serve(t, "tcp", most, srv)
	answered := make(chan error, most)
	for range most {
		nc := w.dial()
		go func() {
			_, err := w.ask(nc, "/")
			answered <- err
		}()
		<-begun // or a fourth connection of one peer without a request in hand closes the first
	}
	if c := w.Counts(); c.Waiting > 0 || c.Open < most {
		t.Errorf("all are served, and %+v", c)
	}
	began := time.Now()
	if status, err := w.ask(w.dial(), "/"); err == nil || time.Since(began) > soon {
		t.Errorf("where nobody makes room: %d after %v", status, time.Since(began))
	}
	close(going)
	for range most {
		if err := <-answered; err != nil {
			t.Errorf("a request in hand was cut: %v", err)
		}
	}
}

// TestStop: silent connections hold nothing up, requests in hand are answered,
// and no handler is left.
func TestStop(t *testing.T) {
	begun, release := make(chan bool), make(chan bool)
	w := serve(t, "tcp", 100, &httpd.Server{Open: true, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		begun <- true
		<-r.Context().Done() // it knows of the stop
		<-release
	})})
	for range 50 {
		_ = w.dial()
	}
	answered := make(chan error, 1)
	nc := w.dial()
	go func() {
		_, err := w.ask(nc, "/")
		answered <- err
	}()
	<-begun
	began := time.Now()
	time.AfterFunc(50*time.Millisecond, func() { close(release) })
	if err := w.stop(); err != nil || time.Since(began) > soon {
		t.Errorf("%v after %v", err, time.Since(began))
	}
	if err := <-answered; err != nil {
		t.Errorf("the request in hand: %v", err)
	}
}

// TestFirstRequestAtTheStop: a connection that was made just before the stop has its request answered, and is closed
// then; one that was asked something before is closed at once.
func TestFirstRequestAtTheStop(t *testing.T) {
	w := serve(t, "tcp", 100, &httpd.Server{Open: true, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})})
	fresh, asked := w.dial(), w.dial()
	if status, err := w.ask(asked, "/"); err != nil || status != http.StatusOK {
		t.Fatalf("%d, %v", status, err)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- w.stop() }()
	_ = asked.SetReadDeadline(time.Now().Add(5 * time.Second))
	if n, err := asked.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("%d bytes, %v", n, err)
	}
	if status, err := w.ask(fresh, "/"); err != nil || status != http.StatusOK {
		t.Errorf("the first request: %d, %v", status, err)
	}
	_ = fresh.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.Copy(io.Discard, fresh); err != nil {
		t.Errorf("it is not closed: %v", err)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// TestStuckHandler: a handler that does not return is an error, not forgotten.
func TestStuckHandler(t *testing.T) {
	begun, release := make(chan bool), make(chan bool)
	defer close(release)
	w := serve(t, "tcp", 100, &httpd.Server{Open: true, StopTimeout: 50 * time.Millisecond, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		begun <- true
		<-release
	})})
	nc := w.dial()
	go func() { _, _ = w.ask(nc, "/") }()
	<-begun
	if err := w.stop(); err == nil || !strings.Contains(err.Error(), "did not return") {
		t.Errorf("%v", err)
	}
}

// TestSlowHeader: a header that crawls has a deadline.
func TestSlowHeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer near.Close()
		ctx, stop := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() {
			served <- (&httpd.Server{Handler: http.NotFoundHandler()}).Serve(ctx, &pipeListener{conns: []net.Conn{far}, closed: make(chan bool)})
		}()
		go func() { _, _ = io.Copy(io.Discard, near) }() // the answer, which a socket would hold
		began := time.Now()
		for {
			if _, err := near.Write([]byte("G")); err != nil {
				break
			}
			time.Sleep(time.Second / 10)
		}
		if took := time.Since(began); took < 5*time.Second || took > 6*time.Second {
			t.Errorf("it was read for %v", took)
		}
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
}

// A pipeListener accepts the connections that it has, and then none.
type pipeListener struct {
	conns  []net.Conn
	once   sync.Once
	closed chan bool
}

func (l *pipeListener) Accept() (net.Conn, error) {
	if len(l.conns) > 0 {
		nc := l.conns[0]
		l.conns = l.conns[1:]
		return nc, nil
	}
	<-l.closed
	return nil, net.ErrClosed
}

func (l *pipeListener) Close() error   { l.once.Do(func() { close(l.closed) }); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

// TestHijacked: a connection that became a session of its own is not closed for others.
func TestHijacked(t *testing.T) {
	hijacked := make(chan net.Conn, 1)
	w := serve(t, "tcp", 4, &httpd.Server{Open: true, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		nc, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
		}
		hijacked <- nc
	})})
	client := w.dial()
	_, _ = io.WriteString(client, "GET / HTTP/1.1\r\nHost: usher\r\n\r\n")
	session := <-hijacked
	for range 20 {
		_ = w.dial()
	}
	if _, err := session.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	_ = client.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := client.Read(make([]byte, 1)); err != nil {
		t.Errorf("the session was closed: %v", err)
	}
	_ = session.Close()
}

// TestComplaints: what net/http complains about is one line, without a client's bytes.
func TestComplaints(t *testing.T) {
	w := serve(t, "tcp", 4, &httpd.Server{Open: true, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusOK)
		w.WriteHeader(http.StatusOK) // superfluous
	})})
	for range 10 {
		_, _ = w.ask(w.dial(), "/")
	}
	if n := strings.Count(w.log.String(), "superfluous"); n != 1 {
		t.Errorf("%d lines: %s", n, w.log.String())
	}
}

// TestOptions: a request about the whole server is the handler's to refuse, too.
func TestOptions(t *testing.T) {
	w := serve(t, "tcp", 4, &httpd.Server{Open: true, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no", http.StatusForbidden)
	})})
	nc := w.dial()
	_, _ = fmt.Fprint(nc, "OPTIONS * HTTP/1.1\r\nHost: usher\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(nc), nil)
	if err != nil || resp.StatusCode != http.StatusForbidden {
		t.Errorf("%v, %v", resp, err)
	}
	_ = resp.Body.Close()
}
