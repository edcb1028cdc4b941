package login

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"usher/auth/authtest"
	"usher/e2e/client"
	"usher/e2e/daemon"
	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
)

// atOnce lets everybody in without looking: no door can be faster.
const atOnce = `package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
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
		go serve(c)
	}
}

func serve(c net.Conn) {
	fmt.Fprint(c, "VERSION\t1\t1\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\t00\nDONE\n")
	in := bufio.NewReader(c)
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return
		}
		fields := bytes.Split(bytes.TrimSuffix(line, []byte("\n")), []byte("\t"))
		if string(fields[0]) != "AUTH" {
			continue
		}
		response, _ := base64.StdEncoding.AppendDecode(nil, bytes.TrimPrefix(fields[len(fields)-1], []byte("resp=")))
		fmt.Fprintf(c, "OK\t%s\tuser=%s\n", fields[1], bytes.Split(response, []byte("\x00"))[1])
	}
}
`

// The virtual hosts of the benchmark, and whom each asks.
const (
	byUsher  = "usher.example.com"
	byAtOnce = "at-once.example.com"
	byPlain  = "plain.example.com" // internal_plain, which asks nobody
)

const (
	benchBlock   = 100 // logins at one host before the next has its turn
	benchClients = 4   // at the same time
)

// BenchmarkProsody measures what a login costs a real Prosody by mod_auth_dovecot, with the state of usher on disk and
// tokens that were never seen, beside a door that answers at once, in turns: logins a second, and how long Prosody's
// thread stands still for the answer, by a trace of its system calls.
func BenchmarkProsody(b *testing.B) {
	d := daemon.New(b)
	d.Write("usher.yaml", fmt.Sprintf("state: sqlite:%s\nlisten: {dovecot: %s, metrics: %s, admin: %s}\nhosts:\n  %s:\n"+
		"    issuers: {%s: {secret_files: [my-app.secret], audience: [%s]}}\n", d.Path("usher.db"), d.Path("auth.sock"),
		d.Path("metrics.sock"), d.Path("admin.sock"), byUsher, authtest.Issuer, authtest.Audience))
	d.Start()
	socket := startAtOnce(b)
	dovecotLines := func(path, host string) string {
		return fmt.Sprintf("authentication = \"dovecot\"\ndovecot_auth_socket = %q\nservice_name = %q\n", path, host)
	}
	p := prosodytest.Start(b, prosody.Config{LogLevel: "info", Hosts: []prosody.Host{
		{Name: byUsher, Lines: dovecotLines(d.Path("auth.sock"), byUsher)},
		{Name: byAtOnce, Lines: dovecotLines(socket, byAtOnce)},
		{Name: byPlain, Lines: "authentication = \"internal_plain\"", Accounts: plainAccounts()},
	}})
	s := &storming{b: b, server: p.C2S()}
	b.Run("logins", func(b *testing.B) { benchLogins(b, s) })
	b.Run("standstill", func(b *testing.B) { benchStandstill(b, s, p.PID()) })
}

func startAtOnce(b *testing.B) (socket string) {
	dir, err := os.MkdirTemp("", "usher") // a benchmark's own folder is too long a name for a socket
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	program, socket := filepath.Join(dir, "door"), filepath.Join(dir, "door.sock")
	if err := os.WriteFile(program+".go", []byte(atOnce), 0o600); err != nil {
		b.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-o", program, program+".go").CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), "BENCH_SOCKET="+socket)
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _, _ = cmd.Process.Kill(), cmd.Wait() })
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if c, err := net.Dial("unix", socket); err == nil {
			_ = c.Close()
			return socket
		}
	}
	b.Fatal("the door that answers at once does not start")
	return ""
}

func plainAccounts() map[string]string {
	accounts := map[string]string{}
	for i := range benchBlock {
		accounts[fmt.Sprint("user", i)] = "secret"
	}
	return accounts
}

// storming are clients that log in, each with an account and a token of its own.
type storming struct {
	b      *testing.B
	server string
	n      int
}

// block logs some clients in at a host, and returns how long that took.
func (s *storming) block(host string) time.Duration {
	logins := make(chan client.Login, benchBlock)
	for i := range benchBlock {
		s.n++
		account, password := fmt.Sprint("user", i), "secret"
		if host != byPlain {
			account = fmt.Sprint("user", s.n)
			password = authtest.Token(s.b, authtest.Claims(byUsher, map[string]any{"room": fmt.Sprint("room", s.n%1000),
				"context": map[string]any{"user": map[string]any{"id": account, "name": "Alice Example",
					"email": account + "@example.com"}}}))
		}
		logins <- client.Plain(account, password).At(s.server, host)
	}
	close(logins)
	// The clients share the machine with what is measured. Their garbage is collected before, as it is not what a login
	// of theirs costs.
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	start := time.Now()
	var clients sync.WaitGroup
	for range benchClients {
		clients.Go(func() {
			for l := range logins {
				session, err := client.Dial(s.b.Context(), l)
				if err != nil {
					s.b.Errorf("%s: %v", host, err)
					return
				}
				session.Close()
			}
		})
	}
	clients.Wait()
	return time.Since(start)
}

func benchLogins(b *testing.B, s *storming) {
	hosts := []string{byUsher, byAtOnce, byPlain}
	rates := map[string][]float64{}
	var ofAtOnce, ofPlain []float64
	for b.Loop() {
		now := map[string]float64{}
		for _, host := range hosts {
			now[host] = benchBlock / s.block(host).Seconds()
			rates[host] = append(rates[host], now[host])
		}
		ofAtOnce = append(ofAtOnce, now[byUsher]/now[byAtOnce])
		ofPlain = append(ofPlain, now[byUsher]/now[byPlain])
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(middle(rates[byUsher]), "logins/s")
	b.ReportMetric(middle(rates[byAtOnce]), "at-once-logins/s")
	b.ReportMetric(middle(ofAtOnce), "of-at-once-ratio")
	b.ReportMetric(middle(ofPlain), "of-internal-plain-ratio")
}

func benchStandstill(b *testing.B, s *storming, prosody int) {
	hosts := []string{byUsher, byAtOnce}
	sockets := map[string]string{} // Prosody's descriptor of the door, by host
	for _, host := range hosts {
		lines := trace(b, func() { s.block(host) }, "strace", "-s", "24", "-e", "trace=recvfrom", "-p", strconv.Itoa(prosody))
		answer := answered.FindStringSubmatch(lines)
		if answer == nil {
			b.Fatalf("%s: no answer in the trace", host)
		}
		sockets[host] = answer[1]
	}
	waits := map[string][]float64{} // ms, by host
	for b.Loop() {
		for _, host := range hosts {
			// strace would stop Prosody long enough for the answer to be there: perf does not.
			lines := trace(b, func() { s.block(host) }, "perf", "trace", "-e", "sendto,recvfrom", "-p", strconv.Itoa(prosody))
			waits[host] = append(waits[host], standstills(lines, sockets[host])...)
		}
	}
	for host, list := range waits {
		if slices.Sort(list); len(list) < benchBlock {
			b.Fatalf("%s: %d answers in the trace", host, len(list))
		}
	}
	at := func(host string, q float64) float64 {
		list := waits[host]
		return 1e3 * list[int(q*float64(len(list)-1))]
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(at(byAtOnce, 0.5), "at-once-p50-µs")
	b.ReportMetric(at(byUsher, 0.5)-at(byAtOnce, 0.5), "more-p50-µs")
	b.ReportMetric(at(byUsher, 0.99)-at(byAtOnce, 0.99), "more-p99-µs")
}

var (
	answered = regexp.MustCompile(`recvfrom\((\d+), "OK\\t\d+\\tuser=`)
	// a call: its begin and its length in milliseconds, its name, its descriptor, and what it returned
	called = regexp.MustCompile(`(\d+\.\d+) \( *(\d+\.\d+) ms\):.* (sendto|recvfrom)\(fd: (\d+).* = (-?\d+)`)
)

// standstills are the times, in milliseconds, from where a request is sent to where its answer has been read: in
// between Prosody also polls.
func standstills(lines, socket string) (list []float64) {
	var sent float64
	for _, call := range called.FindAllStringSubmatch(lines, -1) {
		begin, _ := strconv.ParseFloat(call[1], 64)
		took, _ := strconv.ParseFloat(call[2], 64)
		switch {
		case call[4] != socket:
		case call[3] == "sendto":
			sent = begin
		case call[5] != "-1" && sent > 0:
			list = append(list, begin+took-sent)
			sent = 0
		}
	}
	return list
}

// trace has a program watch while do runs, and returns what that says.
func trace(b *testing.B, do func(), program string, args ...string) string {
	if _, err := exec.LookPath(program); err != nil {
		b.Skipf("%s is not installed: apt-get install %s", program, map[string]string{"strace": "strace",
			"perf": "linux-perf"}[program])
	}
	var said bytes.Buffer
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stderr = &said
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	time.Sleep(time.Second) // neither says when it has begun
	do()
	cancel()
	_ = cmd.Wait()
	return said.String()
}

func middle(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}
