package main

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/auth/authtest"
)

// bareServer is the smallest HTTP server there can be.
const bareServer = `package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
)

func main() {
	l, err := net.Listen("unix", os.Getenv("BENCH_SOCKET"))
	if err != nil {
		panic(err)
	}
	panic(http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })))
}
`

// BenchmarkDaemon measures the whole program beside a bare net/http server: the time from its start to the first
// connection that it takes, and its resident memory, idle and with 100,000 sessions, made by logins and read from the
// state.
func BenchmarkDaemon(b *testing.B) {
	dir, err := os.MkdirTemp("", "usher") // a benchmark's own folder is too long a name for a socket
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	writeBenchFiles(b, dir)
	bare := program{b, filepath.Join(dir, "bare"), nil, filepath.Join(dir, "bare.sock")}
	usher := program{b, filepath.Join(dir, "usher"), []string{"serve", "--config", filepath.Join(dir, "usher.yaml")},
		filepath.Join(dir, "auth.sock")}
	buildStripped(b, bare.path, bare.path+".go")
	buildStripped(b, usher.path, "usher/cmd/usher")

	b.Run("ready", func(b *testing.B) {
		var times [2][]float64
		for b.Loop() {
			for i, p := range []program{bare, usher} {
				for range 3 {
					began := time.Now()
					r := p.start()
					times[i] = append(times[i], float64(time.Since(began)))
					r.stop() // which waits for the disk, and is not measured
				}
			}
		}
		slices.Sort(times[0])
		slices.Sort(times[1])
		reference, ready := times[0][len(times[0])/2], times[1][len(times[1])/2]
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(reference, "reference-ns")
		b.ReportMetric(ready, "usher-ns")
		b.ReportMetric(ready/reference, "ratio")
	})
	b.Run("memory", func(b *testing.B) {
		const sessions = 100_000
		reference := bare.start()
		defer reference.stop()
		daemon := usher.start()
		time.Sleep(time.Second)
		least := reference.resident()
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(least, "bare-MiB")
		b.ReportMetric(daemon.resident()/least, "idle-ratio")
		logIn(b, usher.socket, sessions)
		time.Sleep(time.Second)
		b.ReportMetric(daemon.resident(), "MiB-after-100000-logins")
		daemon.stop()
		daemon = usher.start()
		defer daemon.stop()
		time.Sleep(time.Second)
		b.ReportMetric(daemon.resident(), "MiB-with-100000-from-state")
	})
}

func writeBenchFiles(b testing.TB, dir string) {
	b.Helper()
	for name, content := range map[string]string{
		"bare.go":       bareServer,
		"my-app.secret": authtest.Secret + "\n",
		// Every address is its own: those that are listened on by default may belong to a daemon that runs here, or
		// to root.
		"usher.yaml": fmt.Sprintf("listen: {dovecot: %[1]s/auth.sock, metrics: %[1]s/metrics.sock, admin: "+
			"%[1]s/admin.sock}\n"+
			"state: sqlite:%[1]s/usher.db\nhosts:\n  meet.example.com:\n"+
			"    issuers:\n      %[2]s: {secret_files: [my-app.secret], audience: [%[3]s]}\n", dir, authtest.Issuer, authtest.Audience),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			b.Fatal(err)
		}
	}
}

func buildStripped(b *testing.B, program, from string) {
	b.Helper()
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", program, from)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
}

// A program is a server on a socket.
type program struct {
	b      *testing.B
	path   string
	args   []string
	socket string
}

// running is one that has been started.
type running struct {
	program
	cmd *exec.Cmd
}

// start returns when a connection was taken.
func (p program) start() *running {
	p.b.Helper()
	_ = os.Remove(p.socket)
	cmd := exec.Command(p.path, p.args...)
	cmd.Env = append(os.Environ(), "BENCH_SOCKET="+p.socket)
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		p.b.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Microsecond) {
		if c, err := net.Dial("unix", p.socket); err == nil {
			_ = c.Close()
			return &running{p, cmd}
		}
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // then all that it said is here
	p.b.Fatalf("%s does not start:\n%s", p.path, said.String())
	return nil
}

func (r *running) stop() {
	_ = r.cmd.Process.Signal(os.Interrupt)
	_ = r.cmd.Wait()
}

// resident is VmRSS, in MiB.
func (r *running) resident() float64 {
	r.b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", r.cmd.Process.Pid))
	if err != nil {
		r.b.Skip("resident memory is read on Linux only")
	}
	_, after, _ := strings.Cut(string(status), "VmRSS:")
	var kib float64
	if _, err := fmt.Sscan(after, &kib); err != nil {
		r.b.Fatal(err)
	}
	return kib / 1024
}

// logIn logs n accounts in, each with a token of its own for one of 1,000 rooms.
func logIn(b *testing.B, socket string, n int) {
	b.Helper()
	conn, err := net.Dial("unix", socket)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	fmt.Fprint(conn, "VERSION\t1\t1\nCPID\t1\n")
	for line := ""; line != "DONE\n"; {
		if line, err = in.ReadString('\n'); err != nil {
			b.Fatal(err)
		}
	}
	for i := range n {
		account := fmt.Sprint("user", i)
		token := authtest.Token(b, authtest.Claims("meet.example.com",
			map[string]any{"room": fmt.Sprint("room", i%1000),
				"context": map[string]any{"user": map[string]any{"id": account, "name": "Alice Example",
					"email": account + "@example.com"}}}))
		fmt.Fprintf(conn, "AUTH\t%d\tPLAIN\tservice=meet.example.com\tresp=%s\n", i+1,
			base64.StdEncoding.EncodeToString([]byte("\x00"+account+"\x00"+token)))
		if line, err := in.ReadString('\n'); err != nil || !strings.HasPrefix(line, "OK\t") {
			b.Fatalf("login %d: %q, %v", i, line, err)
		}
	}
}
