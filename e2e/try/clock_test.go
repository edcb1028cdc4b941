package try

import (
	"bytes"
	"context"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"usher/e2e/world"
)

// TestClock: the web server's clock is another than this machine's. The rest is well, and is tried all the same.
func TestClock(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.AnyVersion(t), world.Options{Gateway: gateway})
	for _, row := range []struct {
		ahead time.Duration
		seen  string
	}{{time.Hour, "ahead of this one"}, {-10 * time.Minute, "behind this one"}} {
		r := try(t, w, "--url", "ws://"+dated(t, w.Usher.Gateway, row.ahead))
		r.stopsAt(t, "clock", row.seen, "timedatectl set-ntp true")
		if h := r.hop("role"); h.State != "passed" {
			t.Errorf("%+v", h)
		}
	}
	r := try(t, w, "--url", "ws://"+dated(t, w.Usher.Gateway, 5*time.Second)) // within the leeway
	r.isWell(t)
}

// dated stands before a web server, and writes a Date into its answers.
func dated(t testing.TB, to string, ahead time.Duration) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var connections sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); connections.Wait() })
	connections.Go(func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			connections.Go(func() { pass(t.Context(), from, to, ahead) })
		}
	})
	return l.Addr().String()
}

// pass passes a connection on until one side ends it, or the test is over.
func pass(ctx context.Context, from net.Conn, to string, ahead time.Duration) {
	defer from.Close()
	conn, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _, _ = from.Close(), conn.Close() })
	defer stop()
	var up sync.WaitGroup
	defer up.Wait()
	defer from.Close()
	up.Go(func() { _, _ = io.Copy(conn, from) })
	buf := make([]byte, 4096)
	n, err := conn.Read(buf)
	if err != nil {
		return
	}
	line, rest, _ := bytes.Cut(buf[:n], []byte("\r\n"))
	date := time.Now().Add(ahead).UTC().Format("Mon, 02 Jan 2006 15:04:05") + " GMT"
	_, _ = from.Write(bytes.Join([][]byte{line, []byte("Date: " + date), rest}, []byte("\r\n")))
	_, _ = io.Copy(from, conn)
}
