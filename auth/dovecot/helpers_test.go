package dovecot

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/auth"
)

// stub decides by the token alone: "ok-<account>" is good, "no-<reason>" is
// refused for that reason. It keeps what it was asked.
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
	if c.Problem != nil {
		return auth.Identity{}, c.Problem
	}
	if account, ok := strings.CutPrefix(c.Token, "ok-"); ok {
		return auth.Identity{Host: "meet.example.com", Account: account}, nil
	}
	if reason, ok := strings.CutPrefix(c.Token, "no-"); ok {
		return auth.Identity{}, auth.Refuse(auth.Reason(reason), "as asked")
	}
	if c.Token == "" {
		return auth.Identity{}, auth.Refuse(auth.ReasonTokenRequired, "nothing")
	}
	return auth.Identity{}, fmt.Errorf("not a refusal")
}

// questions returns what was asked since the last call.
func (s *stub) questions() []auth.Credentials {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked = nil
	return asked
}

// peer is a client that reads lines with a deadline of its own.
type peer struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader
}

func newPeer(t testing.TB, nc net.Conn) *peer {
	t.Cleanup(func() { _ = nc.Close() })
	return &peer{t: t, conn: nc, in: bufio.NewReader(nc)}
}

func (p *peer) send(text string) {
	p.t.Helper()
	if _, err := p.conn.Write([]byte(text)); err != nil {
		p.t.Fatalf("sending %.40q: %v", text, err)
	}
}

func (p *peer) line() string {
	p.t.Helper()
	_ = p.conn.SetReadDeadline(time.Now().Add(30 * time.Second))
	line, err := p.in.ReadString('\n')
	if err != nil {
		p.t.Fatalf("after %q: %v", line, err)
	}
	return strings.TrimSuffix(line, "\n")
}

func (p *peer) expect(want string) {
	p.t.Helper()
	if got := p.line(); got != want {
		p.t.Fatalf("got  %q\nwant %q", got, want)
	}
}

func (p *peer) expectEnd() {
	p.t.Helper()
	_ = p.conn.SetReadDeadline(time.Now().Add(30 * time.Second))
	if b, err := p.in.ReadByte(); err == nil || isTimeout(err) {
		p.t.Fatalf("the connection goes on with %q, %v", b, err)
	}
}

func isTimeout(err error) bool {
	timeout, ok := err.(net.Error)
	return ok && timeout.Timeout()
}

func (p *peer) greeting() string {
	p.t.Helper()
	var b strings.Builder
	for line := ""; line != "DONE"; {
		line = p.line()
		b.WriteString(line + "\n")
	}
	return b.String()
}

func (p *peer) handshake() *peer {
	p.t.Helper()
	p.greeting()
	p.send("VERSION\t1\t1\nCPID\t14506\n")
	return p
}

func plainAuth(id int, name, token string) string {
	return fmt.Sprintf("AUTH\t%d\tPLAIN\tservice=xmpp\tresp=%s\n", id, b64("\x00"+name+"\x00"+token))
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// logBuffer is a log that tests can read while it is written.
type logBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func (b *logBuffer) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// unixServer serves on a real socket until the test ends, and returns its path.
func unixServer(t testing.TB, s *Server) string {
	return unixServerOn(t, s, func(l net.Listener) net.Listener { return l })
}

// unixServerOn starts it on a listener of its own kind.
func unixServerOn(t testing.TB, s *Server, kind func(net.Listener) net.Listener) string {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
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
	})
	return path
}

func dial(t testing.TB, path string) *peer {
	t.Helper()
	nc, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	return newPeer(t, nc)
}

// pipeListener hands out the server's ends of net.Pipe.
type pipeListener struct {
	conns chan net.Conn
	once  sync.Once
	ended chan struct{}
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), ended: make(chan struct{})}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.ended:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.ended) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

func (l *pipeListener) dial(t testing.TB) *peer {
	ours, theirs := net.Pipe()
	l.conns <- theirs
	return newPeer(t, ours)
}
