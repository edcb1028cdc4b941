package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/auth/authtest"
	"usher/internal/admin"
)

// A flooded daemon is a process of its own with every endpoint open, in front of a Prosody that only says that it is
// there.
type flooded struct {
	t       *testing.T
	dir     string
	address map[string]string // by the endpoint's name
	stormed map[string]bool   // endpoints to which connections go on coming
	log     *os.File
}

// startFlooded runs it with so many files at most.
func startFlooded(t *testing.T, files int) *flooded {
	t.Helper()
	dir, err := os.MkdirTemp("", "usher") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "It works")
	}))
	t.Cleanup(upstream.Close)
	f := &flooded{t: t, dir: dir, address: map[string]string{}, stormed: map[string]bool{}}
	f.write("my-app.secret", authtest.Secret+"\n")
	f.write("http.secret", doorSecret+"\n")
	f.write("usher.yaml", fmt.Sprintf(`listen:
  dovecot: %[1]s/auth.sock
  extauth: %[1]s/extauth.sock
  http: 127.0.0.1:0
  gateway: 127.0.0.1:0
  metrics: 127.0.0.1:0
  admin: %[1]s/admin.sock
http_secret_file: http.secret
http_hosts: [usher]
state: "memory:"
gateway: {upstream: "%[4]s", max_connections: 10000}
hosts:
  meet.example.com:
    muc: [conference.meet.example.com]
    issuers:
      %[2]s: {secret_files: [my-app.secret], audience: [%[3]s]}
`, dir, authtest.Issuer, authtest.Audience, upstream.URL))
	if f.log, err = os.Create(filepath.Join(dir, "log")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.log.Close() })
	cmd := exec.CommandContext(t.Context(), "sh", "-c", fmt.Sprintf("ulimit -n %d && exec usher serve --config "+
		"%s/usher.yaml", files, dir))
	cmd.Stderr, cmd.Cancel = f.log, func() error { return cmd.Process.Signal(os.Interrupt) }
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { <-ended })
	f.waitReady(ended)
	return f
}

const doorSecret = "0123456789abcdef0123456789abcdef"

func (f *flooded) write(name, content string) {
	if err := os.WriteFile(filepath.Join(f.dir, name), []byte(content), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

func (f *flooded) waitReady(ended chan error) {
	f.t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var s admin.Status
		if err := admin.Call(f.t.Context(), f.dir+"/admin.sock", "GET", "/status", nil, &s); err == nil && s.Ready {
			f.address = s.Listeners
			return
		}
		select {
		case err := <-ended:
			ended <- err
			f.t.Fatalf("it ended: %v\n%s", err, f.said())
		default:
		}
	}
	f.t.Fatalf("it is not ready: %s", f.said())
}

func (f *flooded) said() string {
	text, _ := os.ReadFile(f.log.Name())
	return string(text)
}

func (f *flooded) dial(name string) (net.Conn, error) {
	network := "tcp"
	if strings.HasPrefix(f.address[name], "/") {
		network = "unix"
	}
	return net.DialTimeout(network, f.address[name], 5*time.Second)
}

// hold opens n connections to an endpoint that begin something and do no more.
func (f *flooded) hold(name string, n int, begin string) {
	f.t.Helper()
	for range n {
		nc, err := f.dial(name)
		if err != nil {
			f.t.Fatal(err)
		}
		f.t.Cleanup(func() { _ = nc.Close() })
		_, _ = io.WriteString(nc, begin) // it may be closed by now
	}
}

// flood goes on opening connections until the test ends, a new one in the place of each that was closed.
func (f *flooded) flood(name, begin string) {
	ctx, cancel := context.WithCancel(f.t.Context())
	var flooding sync.WaitGroup
	f.stormed[name] = true
	for range 4 {
		flooding.Go(func() {
			held := make([]net.Conn, 0, 256)
			for ctx.Err() == nil {
				if nc, err := f.dial(name); err == nil {
					_, _ = io.WriteString(nc, begin)
					held = append(held, nc)
				}
				if len(held) == cap(held) {
					_ = held[0].Close()
					held = append(held[:0], held[1:]...)
				}
				time.Sleep(2 * time.Millisecond)
			}
			for _, nc := range held {
				_ = nc.Close()
			}
		})
	}
	f.t.Cleanup(func() { cancel(); flooding.Wait() })
}

// answers wants what Prosody, monitoring and the operator ask to be answered soon.
func (f *flooded) answers() {
	f.t.Helper()
	slowest := map[string]time.Duration{}
	for range 10 {
		for _, ask := range []struct { // the login first: the join asks for its session
			name string
			do   func() error
		}{{"dovecot", f.login}, {"http", f.join}, {"metrics", f.scrape}, {"admin", f.status}, {"gateway", f.page}} {
			began := time.Now()
			err := ask.do()
			for again := 0; again < 3 && f.stormed[ask.name] && tooSlow(err); again++ {
				err = ask.do()
			}
			if err != nil {
				f.t.Fatalf("%s: %v\n%s", ask.name, err, f.said())
			}
			slowest[ask.name] = max(slowest[ask.name], time.Since(began))
		}
	}
	f.t.Logf("slowest answers: %v", slowest)
	for name, took := range slowest {
		if took > 2*time.Second {
			f.t.Errorf("%s took %v", name, took)
		}
	}
}

// tooSlow reports whether a connection was closed before its request was read: on a busy machine a flood of an endpoint
// may bring as many connections as that has between the two. Others have no such excuse.
func tooSlow(err error) bool {
	return err != nil && (errors.Is(err, io.EOF) || strings.Contains(err.Error(), "connection reset") ||
		strings.Contains(err.Error(), "broken pipe"))
}

func (f *flooded) login() error {
	nc, err := f.dial("dovecot")
	if err != nil {
		return err
	}
	defer nc.Close()
	_ = nc.SetDeadline(time.Now().Add(5 * time.Second))
	token := authtest.Token(f.t, authtest.Claims("meet.example.com", nil))
	fmt.Fprintf(nc, "VERSION\t1\t1\nCPID\t1\nAUTH\t1\tPLAIN\tservice=meet.example.com\tresp=%s\n",
		base64.StdEncoding.EncodeToString([]byte("\x00alice\x00"+token)))
	in := bufio.NewReader(nc)
	for {
		line, err := in.ReadString('\n')
		switch {
		case err != nil:
			return err
		case strings.HasPrefix(line, "OK\t1\tuser=alice"):
			return nil
		case strings.HasPrefix(line, "FAIL"):
			return fmt.Errorf("%q", line)
		}
	}
}

func (f *flooded) get(name, path, want string) error {
	transport := &http.Transport{DisableKeepAlives: true,
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			return f.dial(name)
		}}
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(f.t.Context(), http.MethodGet, "http://usher"+path, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+doorSecret)
	resp, err := (&http.Client{Transport: transport, Timeout: 5 * time.Second}).Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && !strings.Contains(string(body), want) {
		err = fmt.Errorf("status %d: %s", resp.StatusCode, body)
	}
	return err
}

// join is Prosody's question about a join: a connection of its own each time, as its HTTP client has it.
func (f *flooded) join() error {
	return f.get("http", "/muc/join?userJID=alice%40meet.example.com&mucJID=standup%40conference.meet.example.com&nickname=a", `"allowed":true`)
}

func (f *flooded) scrape() error { return f.get("metrics", "/metrics", "usher_connections{") }
func (f *flooded) page() error   { return f.get("gateway", "/http-bind", "It works") }

func (f *flooded) status() error {
	var s admin.Status
	return admin.Call(f.t.Context(), f.dir+"/admin.sock", "GET", "/status", nil, &s)
}

const (
	halfHeader = "GET / HTTP/1.1\r\nHost: ush"
	keptAlive  = "GET /none HTTP/1.1\r\nHost: usher\r\n\r\n"
)

// TestFloodedEndpoints: whatever one endpoint is filled with, all of them answer.
func TestFloodedEndpoints(t *testing.T) {
	f := startFlooded(t, 20_000)
	for _, begin := range []string{"", halfHeader, keptAlive} {
		for _, name := range []string{"http", "gateway", "metrics", "admin"} {
			f.hold(name, 700, begin)
		}
		f.hold("dovecot", 300, begin)
		f.hold("extauth", 100, begin)
		f.answers()
	}
	for _, name := range []string{"http", "gateway", "metrics", "admin"} {
		f.flood(name, "")
	}
	f.answers()
	if text := f.said(); strings.Contains(text, "too many open files") {
		t.Errorf("the log says %s", text)
	}
}

// TestFewFiles: with a small RLIMIT_NOFILE the limits are lower, and the doors have their part of it.
func TestFewFiles(t *testing.T) {
	f := startFlooded(t, 500)
	var s admin.Status
	if err := admin.Call(t.Context(), f.dir+"/admin.sock", "GET", "/status", nil, &s); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(s.Shortage, "LimitNOFILE is 500 and should be 42") ||
		!strings.Contains(f.said(), "LimitNOFILE in usher's systemd unit") {
		t.Errorf("status says %q, and the log %s", s.Shortage, f.said())
	}
	sum := 0
	for name, c := range s.Connections {
		if sum += c.Most; name == "gateway" {
			sum += c.Most
		}
	}
	const others = 96 // files that usher has open beside connections
	if sum == 0 || sum > 500-others {
		t.Errorf("%d descriptors may be used by connections: %+v", sum, s.Connections)
	}
	for _, name := range []string{"gateway", "metrics", "admin", "http"} {
		f.hold(name, 600, keptAlive)
	}
	f.answers()
	f.flood("http", halfHeader)
	f.answers()
	if text := f.said(); strings.Contains(text, "too many open files") {
		t.Errorf("the log says %s", text)
	}
}

// TestTooFewFiles: where not even the doors would have enough, the start says what to raise.
func TestTooFewFiles(t *testing.T) {
	dir := t.TempDir()
	f := &flooded{t: t, dir: dir}
	f.write("my-app.secret", authtest.Secret+"\n")
	f.write("usher.yaml", fmt.Sprintf("listen: {dovecot: %[1]s/a, metrics: '127.0.0.1:0', admin: %[1]s/b}\nstate: "+
		"'memory:'\nhosts: {meet.example.com: {issuers: {%[2]s: {secret_files: [my-app.secret], audience: [%[3]s]}}}}\n",
		dir, authtest.Issuer, authtest.Audience))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "sh", "-c",
		"ulimit -n 100 && exec usher serve --config "+dir+"/usher.yaml").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "not started") ||
		!strings.Contains(string(out), "raise LimitNOFILE") {
		t.Errorf("%v: %s", err, out)
	}
}
