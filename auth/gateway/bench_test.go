package gateway

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"usher/auth"
	"usher/auth/authtest"
	"usher/auth/gateway/budget"
	"usher/auth/gateway/gatewaytest"
)

// upstreamOf names the upstream for a process of the test that is nothing but a
// gateway, so that what it takes up can be told from the rest.
const upstreamOf = "USHER_TEST_GATEWAY_UPSTREAM"

func TestMain(m *testing.M) {
	if upstream := os.Getenv(upstreamOf); upstream != "" {
		serveAlone(upstream)
		return
	}
	os.Exit(m.Run())
}

// serveAlone runs a gateway with a real verifier, says where, and for each line
// that it reads says what it takes up.
func serveAlone(upstream string) {
	v, err := auth.New(authtest.Config(gatewaytest.Host), auth.Options{})
	if err != nil {
		panic(err)
	}
	to, err := url.Parse(upstream)
	if err != nil {
		panic(err)
	}
	w := gatewaytest.NewWorld(nil)
	s := New(Options{Auth: v, Rooms: w.Rooms})
	s.Configure(Settings{Upstream: to, Origins: []string{gatewaytest.Page}, Guests: true, ConnectionsPerAddress: DefaultConnections})
	w.Listen(nil, s.Serve)
	fmt.Println(w.Address)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		before := resident()
		for range 4 { // each halves the stacks that are too large
			runtime.GC()
		}
		debug.FreeOSMemory()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		fmt.Println(before, resident(), m.HeapAlloc, m.StackInuse)
	}
}

// resident is how much memory the process has, in bytes.
func resident() int {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		panic(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		panic(err)
	}
	return kib << 10
}

// An alone is a gateway in a process of its own.
type alone struct {
	b   *testing.B
	in  io.Writer
	out *bufio.Scanner
}

func startAlone(b *testing.B, upstream string) (*alone, *gatewaytest.World) {
	c := exec.CommandContext(b.Context(), os.Args[0])
	c.Env, c.Stderr = append(os.Environ(), upstreamOf+"="+upstream), os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = in.Close()
		_ = c.Wait()
	})
	p := &alone{b, in, bufio.NewScanner(out)}
	return p, &gatewaytest.World{T: b, Address: p.line()}
}

func (p *alone) line() string {
	if !p.out.Scan() {
		p.b.Fatal("the gateway's process says nothing")
	}
	return p.out.Text()
}

// takes says what the process takes up: as it is, when it has given back what it
// can, and of that the heap and the stacks.
func (p *alone) takes() (now, least, heap, stacks float64) {
	fmt.Fprintln(p.in)
	if _, err := fmt.Sscan(p.line(), &now, &least, &heap, &stacks); err != nil {
		p.b.Fatal(err)
	}
	return now, least, heap, stacks
}

// BenchmarkIdleSession measures what a session takes up that has logged in with
// a token, joined a room, and says nothing any more. The bound is 40 KiB.
func BenchmarkIdleSession(b *testing.B) {
	const sessions = 2000
	for b.Loop() {
		up := echo(b)
		p, w := startAlone(b, up.URL)
		_, before, heapBefore, stacksBefore := p.takes()
		token := authtest.Token(b, authtest.Claims(gatewaytest.Host, nil))
		for range sessions {
			settle(w, token)
		}
		time.Sleep(time.Second)
		now, least, heap, stacks := p.takes()
		for name, bytes := range map[string]float64{"KiB": now - before, "KiB-after-GC": least - before, "KiB-heap": heap - heapBefore, "KiB-stacks": stacks - stacksBefore} {
			b.ReportMetric(bytes/sessions/1024, name)
		}
	}
	b.ReportMetric(0, "ns/op")
}

// settle has a client log in and join a room, beside an upstream that returns
// what it gets.
func settle(w *gatewaytest.World, token string) {
	client, err := w.Dial("&token="+token, nil)
	if err != nil {
		w.T.Fatal(err)
	}
	enter(client)
	client.Text(gatewaytest.Join(gatewaytest.Room + "/x"))
	client.Expect(gatewaytest.Join(gatewaytest.Room + "/x"))
}

// enter logs in beside such an upstream.
func enter(c *gatewaytest.Wire) {
	c.Text(gatewaytest.StreamTo)
	c.Expect(gatewaytest.StreamTo)
	c.Text(gatewaytest.Anonymous)
	c.Expect(gatewaytest.Success)
}

// echo is an upstream that returns each frame as it is, but for the mask, and
// takes every login.
func echo(b *testing.B) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		upgrader := ws.HTTPUpgrader{Protocol: func(p string) bool { return p == "xmpp" }}
		conn, rw, _, err := upgrader.Upgrade(r, w)
		if err != nil {
			b.Error(err)
			return
		}
		go returnFrames(conn, rw.Reader)
	}))
	b.Cleanup(s.Close)
	return s
}

func returnFrames(conn net.Conn, r *bufio.Reader) {
	defer conn.Close()
	for {
		f, err := gatewaytest.ReadFrame(r)
		if err != nil {
			return
		}
		if f.Header.Masked {
			ws.Cipher(f.Payload, f.Header.Mask, 0)
		}
		if strings.HasPrefix(string(f.Payload), "<auth ") {
			f = ws.NewTextFrame([]byte(gatewaytest.Success))
		}
		f.Header.Masked = false
		if _, err := conn.Write(ws.MustCompileFrame(f)); err != nil {
			return
		}
	}
}

// BenchmarkRoundTrip compares messages that go through the gateway with those
// that go straight to the same upstream, which costs nothing itself.
func BenchmarkRoundTrip(b *testing.B) {
	for _, length := range []int{200, 2000, budget.Piece, 256 << 10} {
		b.Run(strconv.Itoa(length), func(b *testing.B) {
			up := echo(b)
			through, straight := gatewaytest.NewWorld(b), &gatewaytest.World{T: b, Address: up.Listener.Addr().String()}
			s := newServer(through, Options{})
			s.Configure(Settings{Upstream: mustURL(b, up.URL), Origins: []string{gatewaytest.Page}, Guests: true})
			stop := through.Listen(nil, s.Serve)
			b.Cleanup(func() { _ = stop() })
			authtest.Compare(b, 200, bounce(b, straight, length), bounce(b, through, length))
		})
	}
}

// bounce returns a function that sends a message and waits for it to come back.
func bounce(b *testing.B, w *gatewaytest.World, length int) func() {
	client, err := w.Dial("", nil)
	if err != nil {
		b.Fatal(err)
	}
	enter(client)
	_ = client.Conn.SetReadDeadline(time.Time{})
	frame, back := client.Encoded(ws.Header{Fin: true, OpCode: ws.OpText}, gatewaytest.Random(length)), make([]byte, length+ws.MaxHeaderSize)
	back = back[:ws.HeaderSize(ws.Header{Length: int64(length)})+length]
	return func() {
		if _, err := client.Conn.Write(frame); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(client.In, back); err != nil {
			b.Fatal(err)
		}
	}
}
