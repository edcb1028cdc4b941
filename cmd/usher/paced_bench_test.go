package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"usher/auth/authtest"
)

// echoServer returns each line as it came.
const echoServer = `package main

import (
	"bufio"
	"net"
	"os"
)

func main() {
	l, err := net.Listen("unix", os.Getenv("BENCH_SOCKET"))
	if err != nil {
		panic(err)
	}
	for {
		c, err := l.Accept()
		if err != nil {
			panic(err)
		}
		go func() {
			in := bufio.NewReader(c)
			for {
				line, err := in.ReadSlice('\n')
				if err != nil {
					return
				}
				if _, err := c.Write(line); err != nil {
					return
				}
			}
		}()
	}
}
`

// The pace of a real Prosody under a storm of logins: while it waits for an answer its one thread stands still, and
// then it works for its client.
const (
	pace      = 1500 * time.Microsecond
	paceBlock = 200 // logins with one server before the next has its turn
)

// BenchmarkPaced asks as a Prosody asks: one login each 1.5 ms, by a thread that stands still for the answer, with
// tokens that were never seen. It compares the daemon, with its state on disk and in memory, with an echo server in a
// process of its own, in turns.
func BenchmarkPaced(b *testing.B) {
	dir, err := os.MkdirTemp("", "usher")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	disk, memory := filepath.Join(dir, "disk"), filepath.Join(dir, "memory")
	for _, d := range []string{disk, memory} {
		if err := os.Mkdir(d, 0o700); err != nil {
			b.Fatal(err)
		}
		writeBenchFiles(b, d)
	}
	replaceInFile(b, filepath.Join(memory, "usher.yaml"), "sqlite:"+memory+"/usher.db", "memory:")
	echo, usher := filepath.Join(dir, "echo"), filepath.Join(dir, "usher")
	if err := os.WriteFile(echo+".go", []byte(echoServer), 0o600); err != nil {
		b.Fatal(err)
	}
	buildStripped(b, echo, echo+".go")
	buildStripped(b, usher, "usher/cmd/usher")
	serve := func(d string) program {
		return program{b, usher, []string{"serve", "--config", filepath.Join(d, "usher.yaml")}, filepath.Join(d, "auth.sock")}
	}
	subjects := []*paced{
		{name: "echo", program: program{b, echo, nil, filepath.Join(dir, "echo.sock")}},
		{name: "memory", program: serve(memory), door: true},
		{name: "disk", program: serve(disk), door: true},
	}
	for _, s := range subjects {
		defer s.start().stop()
		defer s.dial()()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for b.Loop() {
		for _, s := range subjects {
			s.block()
		}
	}
	reportPaced(b, subjects)
}

func reportPaced(b *testing.B, subjects []*paced) {
	b.ReportMetric(0, "ns/op")
	echo, memory, disk := subjects[0].took, subjects[1].took, subjects[2].took
	for _, d := range []*[]time.Duration{&echo, &memory, &disk} {
		slices.Sort(*d)
	}
	at := func(d []time.Duration, q float64) float64 { return float64(d[int(q*float64(len(d)-1))]) / 1e3 }
	b.ReportMetric(at(echo, 0.5), "echo-p50-µs")
	b.ReportMetric(at(memory, 0.5)/at(echo, 0.5), "memory-ratio")
	b.ReportMetric(at(disk, 0.5)/at(echo, 0.5), "disk-ratio")
	b.ReportMetric(at(disk, 0.5)-at(memory, 0.5), "disk-over-memory-p50-µs")
	b.ReportMetric(at(disk, 0.99)-at(memory, 0.99), "disk-over-memory-p99-µs")
	b.ReportMetric(at(memory, 0.5)-at(echo, 0.5), "memory-over-echo-p50-µs")
	b.ReportMetric(at(disk, 0.5)-at(echo, 0.5), "disk-over-echo-p50-µs")
	b.ReportMetric(at(disk, 0.99)-at(echo, 0.99), "disk-over-echo-p99-µs")
}

func replaceInFile(b *testing.B, path, old, by string) {
	b.Helper()
	text, err := os.ReadFile(path)
	if err != nil || !bytes.Contains(text, []byte(old)) {
		b.Fatalf("%s: %q is not in it, %v", path, old, err)
	}
	if err := os.WriteFile(path, bytes.ReplaceAll(text, []byte(old), []byte(by)), 0o600); err != nil {
		b.Fatal(err)
	}
}

// A paced is a server that is asked by a thread that stands still meanwhile: without the runtime's poller, as Prosody.
type paced struct {
	program
	name string
	door bool
	fd   int
	n    int
	took []time.Duration
}

// dial connects, and returns what ends that.
func (s *paced) dial() func() {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		s.b.Fatal(err)
	}
	if err := syscall.Connect(fd, &syscall.SockaddrUnix{Name: s.socket}); err != nil {
		s.b.Fatal(err)
	}
	s.fd = fd
	if s.door {
		s.write([]byte("VERSION\t1\t1\nCPID\t1\n"))
		var said []byte
		for !bytes.HasSuffix(said, []byte("DONE\n")) {
			said = append(said, s.read()...)
		}
	}
	return func() { _ = syscall.Close(fd) }
}

func (s *paced) write(p []byte) {
	if n, err := syscall.Write(s.fd, p); err != nil || n < len(p) {
		s.b.Fatalf("%s: wrote %d of %d, %v", s.name, n, len(p), err)
	}
}

func (s *paced) read() []byte {
	var buf [8192]byte
	n, err := syscall.Read(s.fd, buf[:])
	if err != nil || n <= 0 {
		s.b.Fatalf("%s: read %d, %v", s.name, n, err)
	}
	return buf[:n]
}

// block is some logins at the pace.
func (s *paced) block() {
	requests := make([][]byte, paceBlock)
	for i := range requests {
		s.n++
		requests[i] = pacedLogin(s.b, s.n)
	}
	for _, r := range requests {
		rest := syscall.NsecToTimespec(int64(pace))
		_ = syscall.Nanosleep(&rest, nil)
		start := time.Now()
		s.write(r)
		answer := s.read()
		s.took = append(s.took, time.Since(start))
		if answer[len(answer)-1] != '\n' || s.door && !bytes.HasPrefix(answer, []byte("OK\t")) {
			s.b.Fatalf("%s: %q", s.name, answer)
		}
	}
}

func pacedLogin(b *testing.B, i int) []byte {
	account := fmt.Sprint("user", i)
	token := authtest.Token(b, authtest.Claims("meet.example.com",
		map[string]any{"room": fmt.Sprint("room", i%1000),
			"context": map[string]any{"user": map[string]any{"id": account, "name": "Alice Example",
				"avatar": "https://example.com/" + strings.Repeat("a", 60), "email": account + "@example.com"}}}))
	return fmt.Appendf(nil, "AUTH\t%d\tPLAIN\tservice=meet.example.com\tresp=%s\n", i,
		base64.StdEncoding.EncodeToString([]byte("\x00"+account+"\x00"+token)))
}
