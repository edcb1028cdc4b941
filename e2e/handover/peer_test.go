package handover

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"usher/e2e/daemon"
	"usher/e2e/tokens"
)

// A peer is a client of the Dovecot door, as a Prosody's module is one.
type peer struct {
	t  *testing.T
	nc net.Conn
	in *bufio.Reader
	id int
}

// dial connects and does not say anything.
func dial(t *testing.T, d *daemon.Daemon) *peer {
	t.Helper()
	return dialTo(t, "unix", d.Path("auth.sock"))
}

func dialTo(t *testing.T, network, address string) *peer {
	t.Helper()
	nc, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	return &peer{t: t, nc: nc, in: bufio.NewReader(nc)}
}

// connect is dial with the handshake.
func connect(t *testing.T, d *daemon.Daemon) *peer {
	t.Helper()
	return connectTo(t, "unix", d.Path("auth.sock"))
}

func connectTo(t *testing.T, network, address string) *peer {
	t.Helper()
	p := dialTo(t, network, address)
	p.greeted()
	p.send("VERSION\t1\t1\nCPID\t%d\n", 14506)
	return p
}

func (p *peer) greeted() {
	p.t.Helper()
	for p.line() != "DONE" {
	}
}

func (p *peer) send(format string, args ...any) {
	p.t.Helper()
	if _, err := fmt.Fprintf(p.nc, format, args...); err != nil {
		p.t.Fatal(err)
	}
}

func (p *peer) line() string {
	p.t.Helper()
	_ = p.nc.SetReadDeadline(time.Now().Add(patience))
	line, err := p.in.ReadString('\n')
	if err != nil {
		p.t.Fatalf("after %q: %v", line, err)
	}
	return strings.TrimSuffix(line, "\n")
}

// asks is a login's request, and what is answered to it.
func (p *peer) asks(account string) (request, answer string) {
	p.id++
	token := tokens.Sign(p.t, meet, tokens.Called(account))
	return fmt.Sprintf("AUTH\t%d\tPLAIN\tservice=%s\tresp=%s\n", p.id, meet, response(account, token)),
		fmt.Sprintf("OK\t%d\tuser=%s", p.id, account)
}

func response(account, token string) string {
	return base64.StdEncoding.EncodeToString([]byte("\x00" + account + "\x00" + token))
}

// login wants an account to be let in.
func (p *peer) login(account string) {
	p.t.Helper()
	request, answer := p.asks(account)
	p.send("%s", request)
	p.expect(answer)
}

func (p *peer) expect(want string) {
	p.t.Helper()
	if got := p.line(); got != want {
		p.t.Errorf("got %q, want %q", got, want)
	}
}

// silent wants the connection to be open, and nothing to be said on it.
func (p *peer) silent() {
	p.t.Helper()
	_ = p.nc.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	b, err := p.in.ReadByte()
	if timeout, ok := err.(net.Error); !ok || !timeout.Timeout() {
		p.t.Errorf("there is %q, %v", b, err)
	}
}

// ended wants the connection to be closed.
func (p *peer) ended() {
	p.t.Helper()
	_ = p.nc.SetReadDeadline(time.Now().Add(patience))
	b, err := p.in.ReadByte()
	if timeout, ok := err.(net.Error); err == nil || ok && timeout.Timeout() {
		p.t.Errorf("the connection goes on with %q, %v", b, err)
	}
}

// hungUp reports whether the other side has closed the connection by now, and said nothing before that. A deadline
// would not tell: one that is over before the read begins hides the end.
func (p *peer) hungUp() (hungUp bool) {
	p.t.Helper()
	raw, err := p.nc.(syscall.Conn).SyscallConn()
	if err != nil {
		p.t.Fatal(err)
	}
	err = raw.Control(func(fd uintptr) {
		n, _, err := syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		hungUp = n == 0 && err == nil
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return hungUp
}
