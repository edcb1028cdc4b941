package console

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"usher/internal/console/access"
	"usher/internal/console/route"
	"usher/internal/httpd"
	"usher/moderation"
)

// pipes is a listener whose connections have no buffer and the bubble's clock.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}
func (p pipes) Close() error   { close(p.closed); return nil }
func (p pipes) Addr() net.Addr { return &net.UnixAddr{Net: "unix"} }

// A watched console has streams that end when their handlers do.
type watched struct {
	*Server
	state *access.State
	over  atomic.Bool // the session of the moderator's token
	sent  chan string // what the next stream that waits is to send
	ended chan error  // why a handler ended
	pipes pipes
	stop  func()
}

func watch(t *testing.T) *watched {
	b := &watched{sent: make(chan string), ended: make(chan error, 300), pipes: pipes{make(chan net.Conn), make(chan struct{})}}
	b.state = access.New(access.Options{Lives: func(moderation.ID) bool { return !b.over.Load() }})
	var err error
	b.Server, err = New(Options{State: b.state, Tokens: noTokens{}, Look: plainLook{},
		Routes: []route.Route{{Pattern: "GET /events/lobby", For: route.Viewers, Events: b.events}}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := b.Prepare(Settings{URL: "https://console.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	p.Commit()
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	srv := &httpd.Server{Name: "console", Handler: b.Server}
	go func() { served <- srv.Serve(ctx, b.pipes) }()
	b.stop = sync.OnceFunc(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(b.stop)
	return b
}

func (b *watched) events(s *route.Stream) (err error) {
	defer func() { b.ended <- err }()
	for {
		select {
		case <-s.Context().Done():
			return s.Context().Err()
		case text := <-b.sent:
			if err := s.Send("lobby", text); err != nil {
				return err
			}
		}
	}
}

// open asks for a stream, and returns the connection once the answer's header is there.
func (b *watched) open(t *testing.T, cookie string) (*http.Response, net.Conn) {
	t.Helper()
	ours, theirs := net.Pipe()
	b.pipes.conns <- theirs
	req, _ := http.NewRequestWithContext(t.Context(), "GET", "https://console.example.com/events/lobby", nil)
	req.Header.Set("X-Forwarded-Proto", "https")
	req.AddCookie(&http.Cookie{Name: secureCookie, Value: cookie})
	go func() { _ = req.Write(ours) }()
	resp, err := http.ReadResponse(bufio.NewReader(ours), req)
	if err != nil {
		t.Fatal(err)
	}
	return resp, ours
}

func (b *watched) moderator(t *testing.T) (v access.Viewer, cookie string) {
	t.Helper()
	secret, _ := b.state.ModeratorLink(access.Moderator{Account: "m@meet.example.com"})
	v, cookie, err := b.state.Redeem(secret)
	if err != nil {
		t.Fatal(err)
	}
	return v, cookie
}

// TestStreamSends: what is sent arrives at once and as it is, whatever lines it has; between, something comes that keeps
// web servers from ending it.
func TestStreamSends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := watch(t)
		_, cookie := b.moderator(t)
		resp, conn := b.open(t, cookie)
		if resp.StatusCode != 200 || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") ||
			resp.Header.Get("Content-Security-Policy") == "" {
			t.Fatalf("%d %v", resp.StatusCode, resp.Header)
		}
		lines := bufio.NewScanner(resp.Body)
		b.sent <- "one\r\ntwo\revent: forged\n"
		want := []string{": open", "", "event: lobby", "data: one", "data: two", "data: event: forged", "data: ", ""}
		for _, line := range want {
			if !lines.Scan() || lines.Text() != line {
				t.Fatalf("%q, want %q", lines.Text(), line)
			}
		}
		began := time.Now()
		if !lines.Scan() || lines.Text() != ":" || time.Since(began) > 30*time.Second {
			t.Errorf("%q after %v", lines.Text(), time.Since(began))
		}
		_ = conn.Close()
		if err := <-b.ended; err == nil {
			t.Error("the handler ended by itself")
		}
	})
}

// TestStreamEnds: a stream ends within a second of its session, and of what that rests on; then its place is free.
func TestStreamEnds(t *testing.T) {
	for name, end := range map[string]func(b *watched, v access.Viewer){
		"left":            func(b *watched, v access.Viewer) { b.state.Leave(v) },
		"session revoked": func(b *watched, _ access.Viewer) { b.over.Store(true) },
	} {
		synctest.Test(t, func(t *testing.T) {
			b := watch(t)
			v, cookie := b.moderator(t)
			resp, _ := b.open(t, cookie)
			synctest.Wait()
			end(b, v)
			began := time.Now()
			lines := bufio.NewScanner(resp.Body)
			for lines.Scan() {
			}
			if took := time.Since(began); took > time.Second {
				t.Errorf("%s: it ended after %v", name, took)
			}
			<-b.ended
			resp, _ = b.open(t, cookie)
			if resp.StatusCode != 401 {
				t.Errorf("%s: then %d", name, resp.StatusCode)
			}
		})
	}
}

// TestSlowReader: who opens streams and does not read holds them for seconds, and no more than four.
func TestSlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := watch(t)
		v, cookie := b.moderator(t)
		for range 4 {
			resp, _ := b.open(t, cookie)
			if resp.StatusCode != 200 {
				t.Fatal(resp.StatusCode)
			}
		}
		if resp, _ := b.open(t, cookie); resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
			t.Errorf("the fifth: %d", resp.StatusCode)
		}
		began := time.Now()
		for range 4 { // each has its first lines still to be read
			if err := <-b.ended; err == nil || time.Since(began) > 30*time.Second {
				t.Errorf("%v after %v", err, time.Since(began))
			}
		}
		synctest.Wait()
		done, err := b.state.Stream(v)
		if err != nil {
			t.Fatal(err)
		}
		done()
	})
}

// TestStreamsAtTheStop: open streams keep no daemon from ending.
func TestStreamsAtTheStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := watch(t)
		_, cookie := b.moderator(t)
		resp, _ := b.open(t, cookie)
		go func() {
			lines := bufio.NewScanner(resp.Body)
			for lines.Scan() {
			}
		}()
		synctest.Wait()
		began := time.Now()
		b.stop()
		if took := time.Since(began); took > time.Second {
			t.Errorf("the stop took %v", took)
		}
	})
}
