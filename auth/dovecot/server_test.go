package dovecot

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/authtest"
	"usher/internal/listen"
)

func TestOverlongLineSparesTheNextUser(t *testing.T) {
	s := &stub{}
	p := dial(t, unixServer(t, &Server{Auth: s})).handshake()
	for i, size := range []int{32<<10 + 1, 33 << 10, 100_000, 4<<20 - 1000} {
		p.send(sized(i, size))
		p.expect(strings.Replace("FAIL\t#\treason="+auth.ReasonTokenTooLong.ClientText(), "#", string(rune('0'+i)), 1))
		if asked := s.questions(); len(asked) != 1 || asked[0].Problem.Reason != auth.ReasonTokenTooLong || asked[0].Host != "" {
			t.Fatalf("asked %+v", asked)
		}
		p.send(plainAuth(9, "alice", "ok-alice"))
		p.expect("OK\t9\tuser=alice")
		s.questions()
	}
	p.send("AUTH\t5\tPLAIN\tresp==\n")
	p.expect("CONT\t5\t=")
	p.send("CONT\t5\t" + strings.Repeat("A", 50<<10) + "\n")
	p.expect("FAIL\t5\treason=" + auth.ReasonTokenTooLong.ClientText())
}

// sized returns a login on a line of so many bytes, without the LF.
func sized(id, size int) string {
	line := plainAuth(id, "alice", "")
	line = strings.TrimRight(line, "=\n")
	return line + strings.Repeat("A", size-len(line)) + "\n"
}

// TestLineLimits checks both sides of MaxLine, below, at and above the size
// of the read buffer.
func TestLineLimits(t *testing.T) {
	for _, limit := range []int{200, readBuffer - 1, readBuffer, readBuffer + 1, 3 * readBuffer} {
		s := &stub{}
		p := dial(t, unixServer(t, &Server{Auth: s, MaxLine: limit})).handshake()
		for size, want := range map[int]auth.Reason{limit: "", limit + 1: auth.ReasonTokenTooLong, limit + 2: auth.ReasonTokenTooLong} {
			p.send(sized(1, size))
			p.line()
			asked := s.questions()
			if len(asked) != 1 {
				t.Fatalf("limit %d, size %d: asked %d times", limit, size, len(asked))
			}
			cut := asked[0].Problem != nil && asked[0].Problem.Reason == auth.ReasonTokenTooLong
			if cut != (want != "") {
				t.Errorf("limit %d, size %d: cut is %v", limit, size, cut)
			}
		}
	}
}

func TestLongTokenLogsIn(t *testing.T) {
	s := &stub{}
	p := dial(t, unixServer(t, &Server{Auth: s})).handshake()
	token := "ok-" + strings.Repeat("x", 20_000)
	p.send(plainAuth(1, "alice", token))
	p.expect("OK\t1\tuser=" + token[3:])
}

func TestGarbageClosesOneConnection(t *testing.T) {
	path := unixServer(t, &Server{Auth: &stub{}, MaxDiscard: 100_000})
	healthy := dial(t, path).handshake()
	for _, early := range []string{"\n", "GET / HTTP/1.1\r\n", "AUTH\t1\tPLAIN\n", "CPID\t1\n", "VERSION\t2\t0\n", strings.Repeat("V", 40<<10) + "\n", strings.Repeat("V", 200_000)} {
		p := dial(t, path)
		p.greeting()
		_, _ = p.conn.Write([]byte(early)) // the server may close before it has all
		p.expectEnd()
	}
	for _, late := range []string{"\n", "\x00\x01\x02\n", "VERSION\t1\t1\n", "AUTH\tx\tPLAIN\n", "OK\t1\tuser=admin\n", strings.Repeat("A", 40<<10) + "\n", "AUTH\t1\tPLAIN\tresp=" + strings.Repeat("A", 200_000)} {
		p := dial(t, path).handshake()
		_, _ = p.conn.Write([]byte(late))
		p.expectEnd()
	}
	p := dial(t, path).handshake()
	p.send("AUTH\t1\tPL")
	if err := p.conn.(*net.UnixConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	p.expectEnd()
	healthy.send(plainAuth(1, "alice", "ok-alice"))
	healthy.expect("OK\t1\tuser=alice")
}

// atRest returns when so many connections have no request in hand: a door gives the place of a request back after its
// answer was written, so a connection that has just read one may not be closed yet for a new one.
func atRest(t *testing.T, door *listen.Listener, n int) {
	t.Helper()
	authtest.Await(t, "the requests are done with", func() bool { return door.Counts().Waiting == n })
}

// TestFullDoor: a connection without a login is closed for a new one, the oldest first; then one with a login.
// Prosody's module never recovers from a handshake that was cut, so no new connection is turned away while one is idle.
func TestFullDoor(t *testing.T) {
	var door *listen.Listener
	path := unixServerOn(t, &Server{Auth: &stub{}}, func(l net.Listener) net.Listener {
		door = listen.Limit(l, listen.Options{Name: "dovecot", Limits: listen.Limits{Most: 3, Waiting: 3}})
		return door
	})
	proven := dial(t, path).handshake()
	proven.send(plainAuth(1, "alice", "ok-alice"))
	proven.expect("OK\t1\tuser=alice")
	refused := dial(t, path).handshake()
	refused.send(plainAuth(1, "alice", "no-expired"))
	refused.expect("FAIL\t1\treason=The token has expired. Ask for a new link or token.")
	atRest(t, door, 2)
	silent := dial(t, path).handshake()
	for range 3 { // each takes the place of the oldest of those that have shown nothing good
		_ = dial(t, path).handshake()
		atRest(t, door, 3)
	}
	refused.expectEnd()
	silent.expectEnd()
	proven.send(plainAuth(2, "alice", "ok-alice"))
	proven.expect("OK\t2\tuser=alice")
}

// TestBadPeersDelayNobody: twenty peers stall, crawl, flood and end in a line while one asks politely. In a bubble's time the
// computing takes none, so any delay is that of an answer which waited for another peer.
func TestBadPeersDelayNobody(t *testing.T) {
	inBubble(t, &Server{Auth: &stub{}}, func(t *testing.T, dial func() *peer) {
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		for i := range 20 {
			group.Go(func() { misbehave(ctx, dial, i) })
		}
		p := dial().handshake()
		for id := range 1200 {
			start := time.Now()
			p.send(plainAuth(id, "alice", "ok-alice"))
			if got := p.line(); !strings.HasPrefix(got, "OK") {
				t.Fatal(got)
			}
			since(t, start, 0)
			time.Sleep(10 * time.Millisecond) // longer in all than the limits that the bad ones run into
		}
		cancel()
		group.Wait()
	})
}

// misbehave does one of five bad things, and again when it is thrown out.
func misbehave(ctx context.Context, dial func() *peer, kind int) {
	for ctx.Err() == nil {
		p := dial()
		stop := context.AfterFunc(ctx, func() { _ = p.conn.Close() })
		bad(ctx, p, kind)
		stop()
		_ = p.conn.Close()
		time.Sleep(50 * time.Millisecond)
	}
}

func bad(ctx context.Context, p *peer, kind int) {
	if kind%5 == 0 { // says nothing, and does not even read the greeting
		<-ctx.Done()
		return
	}
	for line := ""; line != "DONE\n"; {
		var err error
		if line, err = p.in.ReadString('\n'); err != nil {
			return
		}
	}
	hello := "VERSION\t1\t1\nCPID\t1\n"
	switch kind % 5 {
	case 1: // one byte at a time
		for _, b := range []byte(hello + strings.Repeat("A", 10_000)) {
			if _, err := p.conn.Write([]byte{b}); err != nil {
				return
			}
			time.Sleep(2 * time.Millisecond)
		}
	case 2: // garbage
		_, _ = p.conn.Write([]byte("\x16\x03\x01 garbage\n\n\n"))
	case 3: // asks, but never reads
		_, err := p.conn.Write([]byte(hello))
		for request := []byte(plainAuth(1, "x", "no-expired")); err == nil; {
			_, err = p.conn.Write(request)
		}
	case 4: // ends in the middle of a line
		_, _ = p.conn.Write([]byte(hello + "AUTH\t1\tPL"))
	}
}

// flakyListener fails some times before it accepts.
type flakyListener struct {
	net.Listener
	failures int
}

func (l *flakyListener) Accept() (net.Conn, error) {
	if l.failures--; l.failures >= 0 {
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	return l.Listener.Accept()
}

func TestAcceptErrorsPass(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	var log logBuffer
	go func() {
		served <- (&Server{Auth: &stub{}, Log: log.logger()}).Serve(ctx, &flakyListener{l, 3})
	}()
	dial(t, path).handshake()
	if n := strings.Count(log.String(), "cannot accept"); n != 3 {
		t.Errorf("%d complaints: %s", n, log.String())
	}
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestServeReportsAClosedListener(t *testing.T) {
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	if err := (&Server{Auth: &stub{}}).Serve(t.Context(), l); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

// TestLogHoldsNoSecret reads the door's own log of all that can go wrong.
func TestLogHoldsNoSecret(t *testing.T) {
	var log logBuffer
	path := unixServer(t, &Server{Auth: &stub{}, Log: log.logger()})
	p := dial(t, path).handshake()
	p.send(plainAuth(1, "alice", "no-sesame"))
	p.line()
	p.send("sesame\tsesame\n")
	p.expectEnd()
	if text := log.String(); strings.Contains(text, "sesame") || strings.Contains(text, b64("sesame")[:6]) {
		t.Errorf("the log says %s", text)
	}
}
