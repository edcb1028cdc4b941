package extauth

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/auth"
)

const host = "meet.example.com"

// stub lets "ok-<name>" in as name. Alice has a live session.
type stub struct {
	hook func(auth.Credentials) // runs before the decision

	mu    sync.Mutex
	asked []auth.Credentials
}

func (s *stub) Authenticate(_ context.Context, c auth.Credentials) (auth.Identity, error) {
	s.mu.Lock()
	bare := c
	bare.Later = nil
	s.asked = append(s.asked, bare)
	s.mu.Unlock()
	if s.hook != nil {
		s.hook(c)
	}
	switch {
	case c.Problem != nil:
		return auth.Identity{}, c.Problem
	case c.Token == "ok-"+c.Name:
		return auth.Identity{Host: c.Host, Account: c.Name}, nil
	}
	return auth.Identity{}, auth.Refuse(auth.ReasonBadSignature, "as asked")
}

func (s *stub) Exists(ctx context.Context, h, name string) (bool, error) {
	if name == "loading" { // what is known of it is not loaded yet
		<-ctx.Done()
		return false, ctx.Err()
	}
	return h == host && name == "alice", nil
}

func (s *stub) questions() []auth.Credentials {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// serve runs s on a Unix socket and returns its path.
func serve(t testing.TB, s *Server) string {
	t.Helper()
	return serveOn(t, s, func(l net.Listener) net.Listener { return l })
}

// serveOn starts it on a listener of its own kind.
func serveOn(t testing.TB, s *Server, kind func(net.Listener) net.Listener) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "extauth") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	of := kind(l)
	go func() { served <- s.Serve(ctx, of) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
		_ = os.RemoveAll(dir)
	})
	return l.Addr().String()
}

// A peer is a client of one framing.
type peer struct {
	t testing.TB
	net.Conn
	f Framing
}

func dial(t testing.TB, path string, f Framing) *peer {
	t.Helper()
	nc, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	_ = nc.SetDeadline(time.Now().Add(30 * time.Second))
	return &peer{t, nc, f}
}

func (p *peer) send(bytes []byte) {
	p.t.Helper()
	if _, err := p.Write(bytes); err != nil {
		p.t.Fatal(err)
	}
}

func (p *peer) ask(text string) { p.t.Helper(); p.send(p.f.AppendQuery(nil, text)) }

// expect reads one answer.
func (p *peer) expect(yes bool) {
	p.t.Helper()
	want := p.f.Answer(yes)
	got := make([]byte, len(want))
	if _, err := io.ReadFull(p, got); err != nil || string(got) != want {
		p.t.Fatalf("answer %q, %v; want %q", got, err, want)
	}
}

// expectEnd wants nothing more but the end.
func (p *peer) expectEnd() {
	p.t.Helper()
	rest, err := io.ReadAll(p)
	if timeout, ok := err.(net.Error); len(rest) > 0 || ok && timeout.Timeout() {
		p.t.Fatalf("the connection goes on with %q, %v", rest, err)
	}
}

// play reads "> " as a query, "< " as the answer and "<." as the end.
func (p *peer) play(transcript string) {
	p.t.Helper()
	for line := range strings.Lines(transcript) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, ">"):
			p.ask(strings.TrimPrefix(line[1:], " "))
		case line == "< 0", line == "< 1":
			p.expect(line == "< 1")
		case line == "<.":
			p.expectEnd()
		default:
			p.t.Fatalf("what is %q?", line)
		}
	}
}
