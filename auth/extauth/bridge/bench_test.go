package bridge

import (
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"usher/auth/authtest"
	"usher/auth/extauth"
)

// echo is the smallest bridge there can be: it copies between standard input
// and a socket.
const echo = `package main

import (
	"io"
	"net"
	"os"
)

func main() {
	c, err := net.Dial("unix", os.Getenv("BRIDGE_TEST_SOCKET"))
	if err != nil {
		panic(err)
	}
	go io.Copy(c, os.Stdin)
	io.Copy(os.Stdout, c)
}
`

// BenchmarkBridge measures the real program beside the echo bridge, both
// asking a server that says no to everything.
func BenchmarkBridge(b *testing.B) {
	dir := b.TempDir()
	usher, bare := filepath.Join(dir, "usher"), filepath.Join(dir, "echo")
	if err := os.WriteFile(bare+".go", []byte(echo), 0o600); err != nil {
		b.Fatal(err)
	}
	for program, from := range map[string]string{usher: "usher/cmd/usher", bare: bare + ".go"} {
		cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", program, from)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
	}
	socket := sayNo(b)
	start := func(program string) func() {
		return func() { startBridge(b, program, socket).stop() }
	}
	b.Run("start_and_first_answer", func(b *testing.B) { authtest.Compare(b, 5, start(bare), start(usher)) })
	b.Run("round_trip", func(b *testing.B) {
		one, two := startBridge(b, bare, socket), startBridge(b, usher, socket)
		defer one.stop()
		defer two.stop()
		authtest.Compare(b, 200, one.ask, two.ask)
	})
}

func sayNo(b *testing.B) string {
	b.Helper()
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		b.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close(); _ = os.RemoveAll(dir) })
	go func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer nc.Close()
				buf := make([]byte, 4096)
				for {
					if _, err := nc.Read(buf); err != nil {
						return
					}
					if _, err := io.WriteString(nc, extauth.Generic.Answer(false)); err != nil {
						return
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

type running struct {
	b   *testing.B
	cmd *exec.Cmd
	in  io.WriteCloser
	out io.Reader
}

// startBridge returns when the first query is answered.
func startBridge(b *testing.B, program, socket string) *running {
	b.Helper()
	r := &running{b: b, cmd: exec.Command(program, "extauth")}
	r.cmd.Env = append(os.Environ(), "BRIDGE_TEST_SOCKET="+socket, "USHER_EXTAUTH_SOCKET="+socket)
	var err error
	if r.in, err = r.cmd.StdinPipe(); err != nil {
		b.Fatal(err)
	}
	if r.out, err = r.cmd.StdoutPipe(); err != nil {
		b.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	r.ask()
	return r
}

func (r *running) ask() {
	if _, err := io.WriteString(r.in, "auth:alice:"+host+":"+strings.Repeat("x", 700)+"\n"); err != nil {
		r.b.Fatal(err)
	}
	answer := make([]byte, 2)
	if _, err := io.ReadFull(r.out, answer); err != nil {
		r.b.Fatal(err)
	}
}

func (r *running) stop() {
	_ = r.in.Close()
	_ = r.cmd.Process.Kill() // the echo bridge waits for its socket
	_ = r.cmd.Wait()
}
