package quietsocket

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

// pair is a connection that reads and writes by itself, and the other end of it.
func pair(t *testing.T) (own net.Conn, peer *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dialed, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = dialed.Close(), accepted.Close() })
	return Of(accepted), dialed.(*net.TCPConn)
}

// TestSocketMoves: more than the kernel holds passes both ways at once, in order and whole, and
// ends where the other side ends it.
func TestSocketMoves(t *testing.T) {
	own, peer := pair(t)
	sent := make([]byte, 16<<20)
	_, _ = rand.Read(sent)
	go func() {
		_, _ = io.Copy(peer, peer) // sends all back
		_ = peer.CloseWrite()
	}()
	go func() {
		_, _ = own.Write(sent)
		_ = own.(interface{ CloseWrite() error }).CloseWrite()
	}()
	back, err := io.ReadAll(own)
	if err != nil || !bytes.Equal(back, sent) {
		t.Errorf("got %d bytes and %v, want the %d that were sent", len(back), err, len(sent))
	}
	if n, err := own.Read(nil); n != 0 || err != nil {
		t.Errorf("reading nothing: %d, %v", n, err)
	}
}

// TestSocketEnds: a read and a write that wait end with their deadline, with the end of the
// connection here, and with its end at the other side.
func TestSocketEnds(t *testing.T) {
	read := func(c net.Conn) error { _, err := c.Read(make([]byte, 1)); return err }
	write := func(c net.Conn) error { _, err := c.Write(make([]byte, 64<<20)); return err }
	soon := func(f func()) { time.AfterFunc(20*time.Millisecond, f) }
	for name, c := range map[string]struct {
		waits func(net.Conn) error
		end   func(own net.Conn, peer *net.TCPConn)
		want  error
	}{
		"read, deadline":  {read, func(own net.Conn, _ *net.TCPConn) { _ = own.SetReadDeadline(time.Now()) }, os.ErrDeadlineExceeded},
		"read, closed":    {read, func(own net.Conn, _ *net.TCPConn) { _ = own.Close() }, net.ErrClosed},
		"read, reset":     {read, func(_ net.Conn, peer *net.TCPConn) { reset(peer) }, syscall.ECONNRESET},
		"write, deadline": {write, func(own net.Conn, _ *net.TCPConn) { _ = own.SetWriteDeadline(time.Now()) }, os.ErrDeadlineExceeded},
		"write, closed":   {write, func(own net.Conn, _ *net.TCPConn) { _ = own.Close() }, net.ErrClosed},
		"write, reset":    {write, func(_ net.Conn, peer *net.TCPConn) { reset(peer) }, syscall.ECONNRESET},
	} {
		t.Run(name, func(t *testing.T) {
			own, peer := pair(t)
			soon(func() { c.end(own, peer) })
			if err := c.waits(own); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func reset(c *net.TCPConn) { _, _ = c.SetLinger(0), c.Close() }
