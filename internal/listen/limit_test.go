package listen

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"usher/metrics"
)

// A world is a listener on a real socket, and who accepts from it.
type world struct {
	t *testing.T
	*Listener
	accepted chan *Conn
	log      syncBuffer
	series   *metrics.Metrics
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

// socket opens a socket of a kind of network.
func socket(t *testing.T, network string) net.Listener {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), "s")
	}
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func newWorld(t *testing.T, l net.Listener, limits Limits, changes ...func(*Listener)) *world {
	w := &world{t: t, accepted: make(chan *Conn, 1000), series: metrics.New("test")}
	w.Listener = Limit(l, Options{Name: "http", Limits: limits, Log: slog.New(slog.NewTextHandler(&w.log, nil)), Metrics: w.series.Endpoint("http")})
	for _, change := range changes {
		change(w.Listener)
	}
	var accepting sync.WaitGroup
	accepting.Go(func() {
		var kept []net.Conn // an unreachable connection is closed by the runtime
		for {
			nc, err := w.Accept()
			if err != nil {
				runtime.KeepAlive(kept)
				return
			}
			kept = append(kept, nc)
			w.accepted <- Of(nc)
		}
	})
	t.Cleanup(func() {
		_ = w.Close()
		accepting.Wait()
		w.Settle(0)
	})
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

func (w *world) next() *Conn {
	w.t.Helper()
	select {
	case c := <-w.accepted:
		return c
	case <-time.After(10 * time.Second):
		w.t.Fatal("nobody was accepted")
		return nil
	}
}

// closed wants the other side to be closed at once.
func closed(t *testing.T, nc net.Conn) {
	t.Helper()
	_ = nc.SetReadDeadline(time.Now().Add(5 * time.Second))
	if n, err := nc.Read(make([]byte, 1)); n > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("it is open: %d, %v", n, err)
	}
}

func (w *world) counted(reason string, want int) {
	w.t.Helper()
	families, err := w.series.Gatherer().Gather()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == metrics.ConnectionsClosed && m.GetLabel()[0].GetValue() == "http" && m.GetLabel()[1].GetValue() == reason {
				if got := int(m.GetCounter().GetValue()); got != want {
					w.t.Errorf("%s: %d connections were closed, want %d", reason, got, want)
				}
			}
		}
	}
}

// TestNobodyWaits: a connection for which there is no room is closed at once, and silent
// connections make room, on both kinds of sockets.
func TestNobodyWaits(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			w := newWorld(t, socket(t, network), Limits{Most: 3, Waiting: 3})
			var clients []net.Conn
			for range 3 {
				clients = append(clients, w.dial())
			}
			served := w.next()
			served.Admit()
			_ = w.next()
			last := w.next()
			newcomer := w.dial()
			closed(t, clients[1]) // the oldest that was silent
			w.next().Admit()
			last.Admit()
			closed(t, w.dial()) // everybody is being served
			w.counted(metrics.ClosedIdle.String(), 1)
			w.counted(metrics.ClosedFull.String(), 1)
			if c := w.Counts(); c.Open != 3 || c.Waiting != 0 || c.Closed != 2 || c.Entered < 3 {
				t.Errorf("%+v", c)
			}
			served.Release(false)
			_ = w.dial()
			closed(t, clients[0])
			w.next()
			if _, err := newcomer.Write([]byte("x")); err != nil {
				t.Errorf("who was served was closed: %v", err)
			}
			for _, line := range []string{"closed a connection without a request", "too many connections"} {
				if !strings.Contains(w.log.String(), line) {
					t.Errorf("the log has no line %q: %s", line, w.log.String())
				}
			}
		})
	}
}

func TestUsers(t *testing.T) {
	w := newWorld(t, socket(t, "unix"), Limits{Most: 3})
	_ = w.dial()
	c := w.next()
	if c.peer.UID != uint32(os.Geteuid()) {
		t.Errorf("the peer is %s", c.peer)
	}
	for _, hint := range []string{"only root and usher's own user", "see peers in the configuration"} {
		w = newWorld(t, socket(t, "unix"), Limits{Most: 3}, func(l *Listener) {
			if l.users = map[uint32]bool{}; !strings.Contains(hint, "root") {
				l.hint = hint
			}
		})
		closed(t, w.dial())
		w.counted(metrics.ClosedUser.String(), 1)
		if !strings.Contains(w.log.String(), hint) {
			t.Errorf("the log says %s", w.log.String())
		}
	}
}

// A starving listener has no descriptors for a while.
type starving struct {
	net.Listener
	left  int
	tries chan time.Time
}

func (s *starving) Accept() (net.Conn, error) {
	s.tries <- time.Now()
	if s.left > 0 {
		s.left--
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
	}
	return s.Listener.Accept()
}

// TestOutOfFiles: a shortage ends neither the listener nor the processor, and
// silent connections pay for it.
func TestOutOfFiles(t *testing.T) {
	l := &starving{Listener: socket(t, "tcp"), tries: make(chan time.Time, 10_000)}
	w := newWorld(t, l, Limits{Most: 100})
	first := w.dial()
	w.next()
	l2 := w.dial() // wakes the accept that waits
	w.next()
	_, _ = first, l2
	if len(l.tries) > 4 {
		t.Fatalf("%d tries for two connections", len(l.tries))
	}

	hungry := &starving{Listener: socket(t, "tcp"), left: 7, tries: make(chan time.Time, 10_000)}
	h := newWorld(t, hungry, Limits{Most: 100})
	began := time.Now()
	nc := h.dial()
	h.next()
	if n, took := len(hungry.tries), time.Since(began); n > 10 || took < 100*time.Millisecond {
		t.Errorf("%d tries in %v: that is a spin", n, took)
	}
	if _, err := nc.Write([]byte("x")); err != nil {
		t.Error(err)
	}
	if !strings.Contains(h.log.String(), "LimitNOFILE") {
		t.Errorf("the log does not say what to raise: %s", h.log.String())
	}
}

// A starvingSocket is a starving listener that has the deadlines of a real one.
type starvingSocket struct{ starving }

func (s *starvingSocket) SetDeadline(at time.Time) error {
	return s.Listener.(interface{ SetDeadline(time.Time) error }).SetDeadline(at)
}

// TestSpareDescriptor: with no connection that could make room the one that waits is told at once, by means of the spare
// descriptor, and no connection stays in the kernel's queue.
func TestSpareDescriptor(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		l := &starvingSocket{starving{Listener: socket(t, network), left: 1, tries: make(chan time.Time, 10_000)}}
		waits, err := net.Dial(network, l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		w := newWorld(t, l, Limits{Most: 100})
		closed(t, waits)
		_ = waits.Close()
		_ = w.dial()
		w.next() // it goes on, and without a deadline
		w.counted(metrics.ClosedFiles.String(), 1)
		if c := w.Counts(); c.Open != 1 || c.Closed != 1 {
			t.Errorf("%+v", c)
		}
	}
}

// TestCloseEndsAShortage: a listener that waits for descriptors can be stopped.
func TestCloseEndsAShortage(t *testing.T) {
	l := &starving{Listener: socket(t, "tcp"), left: 1 << 30, tries: make(chan time.Time, 10_000)}
	limited := Limit(l, Options{Name: "http", Limits: Limits{Most: 1}})
	ended := make(chan error, 1)
	var accepting sync.WaitGroup
	accepting.Go(func() {
		_, err := limited.Accept()
		ended <- err
	})
	for range 2 { // it has waited once
		<-l.tries
	}
	l2 := l.Listener
	_ = limited.Close()
	_, err := l2.Accept()
	if !errors.Is(err, net.ErrClosed) {
		t.Errorf("not closed: %v", err)
	}
	select {
	case err := <-ended:
		if err == nil {
			t.Error("a connection out of nowhere")
		}
	case <-time.After(10 * time.Second):
		t.Fatal("Accept goes on")
	}
	accepting.Wait()
}

// TestConnPasses what the doors ask of a socket.
func TestConnPasses(t *testing.T) {
	w := newWorld(t, socket(t, "tcp"), Limits{Most: 3})
	client := w.dial()
	c := w.next()
	if _, err := c.SyscallConn(); err != nil {
		t.Error(err)
	}
	if err := c.CloseWrite(); err != nil {
		t.Error(err)
	}
	if b, err := io.ReadAll(client); err != nil || len(b) > 0 {
		t.Errorf("%q, %v", b, err)
	}
	_ = c.Close()
	_ = c.Close()
	c.Admit()
	c.Release(true)
	if n := w.Counts(); n.Open != 0 || n.Waiting != 0 {
		t.Errorf("a closed connection is counted: %+v", n)
	}
	var none *Conn
	none.Admit()
	none.Release(false)
	none.Keep()
}
