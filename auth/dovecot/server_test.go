package dovecot

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"usher/auth"
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
	healthy.send(plainAuth(1, "alice", "ok-alice"))
	healthy.expect("OK\t1\tuser=alice")
}

// TestFullDoor: a connection on which nobody has logged in makes room, the oldest first; then one on which somebody has.
// Prosody's module never recovers from a handshake that was cut, so no new connection is turned away while one is idle.
func TestFullDoor(t *testing.T) {
	path := unixServerOn(t, &Server{Auth: &stub{}}, func(l net.Listener) net.Listener {
		return listen.Limit(l, listen.Options{Name: "dovecot", Limits: listen.Limits{Most: 3, Waiting: 3}})
	})
	proven := dial(t, path).handshake()
	proven.send(plainAuth(1, "alice", "ok-alice"))
	proven.expect("OK\t1\tuser=alice")
	refused := dial(t, path).handshake()
	refused.send(plainAuth(1, "alice", "no-expired"))
	refused.expect("FAIL\t1\treason=The token has expired. Ask for a new link or token.")
	silent := dial(t, path).handshake()
	for range 3 { // each takes the place of the oldest of those that have shown nothing good
		_ = dial(t, path).handshake()
	}
	refused.expectEnd()
	silent.expectEnd()
	proven.send(plainAuth(2, "alice", "ok-alice"))
	proven.expect("OK\t2\tuser=alice")
}

// TestBadPeersDelayNobody: twenty peers stall, crawl, flood and half-close
// while one asks politely.
func TestBadPeersDelayNobody(t *testing.T) {
	path := unixServer(t, &Server{Auth: &stub{}})
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() { misbehave(ctx, path, i) })
	}
	p := dial(t, path).handshake()
	var took []time.Duration
	for id := range 400 {
		start := time.Now()
		p.send(plainAuth(id, "alice", "ok-alice"))
		if got := p.line(); !strings.HasPrefix(got, "OK") {
			t.Fatal(got)
		}
		took = append(took, time.Since(start))
		time.Sleep(time.Millisecond)
	}
	cancel()
	group.Wait()
	slices.Sort(took)
	if worst := took[len(took)-1]; worst > 50*time.Millisecond {
		t.Errorf("the slowest of %d answers took %v (median %v)", len(took), worst, took[len(took)/2])
	}
}

// misbehave does one of five bad things, and again when it is thrown out.
func misbehave(ctx context.Context, path string, kind int) {
	for ctx.Err() == nil {
		nc, err := net.Dial("unix", path)
		if err != nil {
			return
		}
		stop := context.AfterFunc(ctx, func() { _ = nc.Close() })
		bad(ctx, nc.(*net.UnixConn), kind)
		stop()
		_ = nc.Close()
		time.Sleep(5 * time.Millisecond)
	}
}

func bad(ctx context.Context, nc *net.UnixConn, kind int) {
	const hello = "VERSION\t1\t1\nCPID\t1\n"
	var err error
	switch kind % 5 {
	case 0: // says nothing
		<-ctx.Done()
	case 1: // one byte at a time
		for _, b := range []byte(hello + strings.Repeat("A", 1000)) {
			if _, err = nc.Write([]byte{b}); err != nil {
				return
			}
			time.Sleep(2 * time.Millisecond)
		}
	case 2: // garbage
		_, _ = nc.Write([]byte("\x16\x03\x01 garbage\n\n\n"))
		time.Sleep(5 * time.Millisecond)
	case 3: // asks, but never reads
		_, err = nc.Write([]byte(hello))
		for request := []byte(plainAuth(1, "x", "no-expired")); err == nil; {
			_, err = nc.Write(request)
		}
	case 4: // closes its half in the middle of a line
		_, _ = nc.Write([]byte(hello + "AUTH\t1\tPL"))
		_ = nc.CloseWrite()
		time.Sleep(20 * time.Millisecond)
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
