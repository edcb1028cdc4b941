package dovecot

import (
	"context"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/auth"
	"usher/internal/listen"
)

// A stoppable is a server on a limited Unix socket, which leaves its connections at the stop.
type stoppable struct {
	t      *testing.T
	path   string
	cancel context.CancelFunc
	served chan error

	mu   sync.Mutex
	left []net.Conn
}

func startStoppable(t *testing.T, s Server, adopted ...net.Conn) *stoppable {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	inner, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	l := listen.Limit(inner, listen.Options{Name: "dovecot", Limits: listen.Limits{Most: 16}})
	for _, nc := range adopted {
		l.Adopt(listen.PassedConnection{Name: "dovecot-conn", Conn: reopened(t, nc)}, false)
	}
	ctx, cancel := context.WithCancel(context.Background())
	st := &stoppable{t: t, path: path, cancel: cancel, served: make(chan error, 1)}
	s.Leave = func(nc net.Conn, _ bool) {
		st.mu.Lock()
		defer st.mu.Unlock()
		st.left = append(st.left, nc)
	}
	go func() { st.served <- s.Serve(ctx, l) }()
	t.Cleanup(func() { st.stop() })
	return st
}

// stop returns the connections that the server has left.
func (st *stoppable) stop() []net.Conn {
	st.t.Helper()
	st.cancel()
	if err := <-st.served; err != nil {
		st.t.Errorf("Serve: %v", err)
	}
	st.served <- nil // stopping twice is fine
	for _, nc := range st.left {
		st.t.Cleanup(func() { _ = nc.Close() })
	}
	return st.left
}

// reopened is the connection as another process has it.
func reopened(t *testing.T, nc net.Conn) net.Conn {
	t.Helper()
	f, err := nc.(*net.UnixConn).File()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	again, err := net.FileConn(f)
	if err != nil {
		t.Fatal(err)
	}
	_ = nc.Close()
	return again
}

// stopping starts a stop and returns a moment later; what it returns waits for its end.
func (st *stoppable) stopping() (end func() []net.Conn) {
	st.cancel()
	time.Sleep(20 * time.Millisecond)
	return st.stop
}

// TestLeftBetweenRequests: an idle connection is open and silent after the stop, and goes on at the next server.
// What was asked in between is answered there, and so is a response to a challenge of before: it may come again.
func TestLeftBetweenRequests(t *testing.T) {
	first := startStoppable(t, Server{Auth: &stub{}})
	p := dial(t, first.path).handshake()
	p.send(plainAuth(1, "alice", "ok-alice"))
	p.expect("OK\t1\tuser=alice")
	p.send("AUTH\t2\tPLAIN\tservice=xmpp\n")
	p.expect("CONT\t2\t=")
	left := first.stop()
	if len(left) != 1 {
		t.Fatalf("%d connections are left", len(left))
	}
	_ = p.conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	if b, err := p.in.ReadByte(); !isTimeout(err) {
		t.Fatalf("after the stop there is %q, %v", b, err)
	}
	p.send(plainAuth(3, "bob", "ok-bob"))
	s := &stub{}
	second := startStoppable(t, Server{Auth: s}, left...)
	p.expect("OK\t3\tuser=bob")
	p.send("CONT\t2\t" + b64("\x00alice\x00ok-alice") + "\n")
	p.expect("FAIL\t2\treason=" + auth.ReasonInterrupted.ClientText() + "\ttemp\tcode=temp_fail")
	if asked := s.questions(); len(asked) != 2 || asked[1].Problem.Reason != auth.ReasonInterrupted {
		t.Errorf("asked %+v", asked)
	}
	left = second.stop()
	if len(left) != 1 {
		t.Fatalf("%d connections are left the second time", len(left))
	}
	third := startStoppable(t, Server{Auth: s}, left...)
	p.send(plainAuth(4, "carol", "ok-carol"))
	p.expect("OK\t4\tuser=carol")
	fresh := dial(t, third.path).handshake() // a new one has its greeting, and knows its challenges
	fresh.send("CONT\t9\t" + b64("x") + "\n")
	fresh.expect("FAIL\t9\treason=" + auth.ReasonMalformedRequest.ClientText())
}

// TestBusyAtTheStop: what has begun is answered before the connection is left, if the client sends the rest in time.
func TestBusyAtTheStop(t *testing.T) {
	line := plainAuth(1, "alice", "ok-alice")
	second := plainAuth(2, "bob", "ok-bob")
	for name, row := range map[string]struct {
		before, after string
		want          []string // the answers
		left          int
	}{
		"half a line":            {line[:9], line[9:], []string{"OK\t1\tuser=alice"}, 1},
		"half a line, then more": {line[:9], line[9:] + second, []string{"OK\t1\tuser=alice", "OK\t2\tuser=bob"}, 1},
		"half a line, no more":   {line[:9], "", nil, 0},
		"one and a half":         {line + second[:9], second[9:], []string{"OK\t1\tuser=alice", "OK\t2\tuser=bob"}, 1},
		"a long line":            {line[:9], strings.Repeat("A", 3*readBuffer) + "\n", []string{"FAIL"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := startStoppable(t, Server{Auth: &stub{}, StopTimeout: 2 * time.Second}) // the peer may be slow
			p := dial(t, st.path).handshake()
			p.send(row.before)
			time.Sleep(20 * time.Millisecond)
			end := st.stopping()
			if row.after != "" {
				p.send(row.after)
			}
			for _, want := range row.want {
				if got := p.line(); !strings.HasPrefix(got, want) {
					t.Errorf("got %q, want %q", got, want)
				}
			}
			if left := end(); len(left) != row.left {
				t.Errorf("%d are left, want %d", len(left), row.left)
			}
			if row.left == 0 {
				p.expectEnd()
			}
		})
	}
}

// TestInHandAtTheStop: a request that is being decided is answered, also together with one that came with it.
func TestInHandAtTheStop(t *testing.T) {
	asked, decide := make(chan struct{}, 2), make(chan struct{})
	st := startStoppable(t, Server{Auth: &stub{hook: func(auth.Credentials) { asked <- struct{}{}; <-decide }}})
	p := dial(t, st.path).handshake()
	p.send(plainAuth(1, "alice", "ok-alice") + plainAuth(2, "bob", "ok-bob"))
	<-asked
	end := st.stopping()
	close(decide)
	p.expect("OK\t1\tuser=alice")
	p.expect("OK\t2\tuser=bob")
	if left := end(); len(left) != 1 {
		t.Errorf("%d are left", len(left))
	}
}

// TestFloodAtTheStop: a client that never stops asking does not hold up the stop.
func TestFloodAtTheStop(t *testing.T) {
	st := startStoppable(t, Server{Auth: &stub{}, StopTimeout: 50 * time.Millisecond})
	p := dial(t, st.path).handshake()
	var flood sync.WaitGroup
	flood.Go(func() {
		for line := []byte(plainAuth(1, "a", "ok-a")); ; {
			if _, err := p.conn.Write(line); err != nil {
				return
			}
		}
	})
	flood.Go(func() {
		for b := make([]byte, 4096); ; {
			if _, err := p.in.Read(b); err != nil {
				return
			}
		}
	})
	time.Sleep(20 * time.Millisecond)
	start := time.Now()
	for _, nc := range st.stop() {
		_ = nc.Close()
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("the stop took %v", took)
	}
	_ = p.conn.Close()
	flood.Wait()
}

// TestHandshakeAtTheStop: a client that is just being greeted may end its handshake, and is left then.
func TestHandshakeAtTheStop(t *testing.T) {
	t.Parallel() // it waits
	for said, left := range map[string]int{"VERSION\t1\t1\nCPID\t1\n": 1, "VERSION\t1\t1\n": 0, "": 0, "CPID\t1\n": 0} {
		t.Run(said, func(t *testing.T) {
			t.Parallel()
			st := startStoppable(t, Server{Auth: &stub{}, StopTimeout: 2 * time.Second}) // the peer may be slow
			p := dial(t, st.path)
			p.greeting()
			end := st.stopping()
			p.send(said)
			if got := end(); len(got) != left {
				t.Errorf("%q: %d are left, want %d", said, len(got), left)
			}
			if left == 0 {
				p.expectEnd()
			}
		})
	}
}

// TestGoneInBetween: a client that hung up while no server ran is no trouble for the next one.
func TestGoneInBetween(t *testing.T) {
	first := startStoppable(t, Server{Auth: &stub{}})
	gone, stays := dial(t, first.path).handshake(), dial(t, first.path).handshake()
	for _, p := range []*peer{gone, stays} { // the handshakes are read
		p.send(plainAuth(1, "alice", "ok-alice"))
		p.expect("OK\t1\tuser=alice")
	}
	left := first.stop()
	gone.send(plainAuth(2, "alice", "ok-alice"))
	_ = gone.conn.Close()
	startStoppable(t, Server{Auth: &stub{}}, left...)
	stays.send(plainAuth(2, "alice", "ok-alice"))
	stays.expect("OK\t2\tuser=alice")
}

// TestInheritedIsShutDown: a connection that had a copy elsewhere ends for the client when the server closes it, also
// while the copy is open.
func TestInheritedIsShutDown(t *testing.T) {
	first := startStoppable(t, Server{Auth: &stub{}})
	p := dial(t, first.path).handshake()
	p.send(plainAuth(1, "alice", "ok-alice"))
	p.expect("OK\t1\tuser=alice")
	left := first.stop()
	again := reopened(t, left[0])
	copied, err := again.(*net.UnixConn).File()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = copied.Close() }()
	startStoppable(t, Server{Auth: &stub{}}, again)
	p.send("no line of the protocol\n")
	p.expectEnd()
}
