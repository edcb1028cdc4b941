package ejabberd_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"usher/auth/authtest"
	"usher/e2e/client"
	"usher/e2e/daemon"
	"usher/e2e/ejabberd"
	"usher/e2e/parts"
	"usher/e2e/tokens"
)

func TestMain(m *testing.M) { os.Exit(daemon.Main(m)) }

// host is the virtual host of the test.
const host = "external.example.com"

func goodToken(t *testing.T, account string) string {
	t.Helper()
	return tokens.Sign(t, host, tokens.Called(account))
}

// TestEjabberd logs in to a real ejabberd whose extauth_program is usher extauth.
func TestEjabberd(t *testing.T) {
	_, err := ejabberd.Find()
	parts.Need(t, err)
	u := daemon.ForLogins(t, host)
	dir, err := os.MkdirTemp("", "ejabberd") // outlives the children that still write
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	server, err := ejabberd.Start(t.Context(), ejabberd.Config{
		Dir: dir, Host: host,
		Program: daemon.Binary(t) + " extauth --protocol ejabberd --socket " + u.Path("extauth.sock"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("ejabberd's log:\n%s\nusher's log:\n%s", server.Log(), u.Log())
		}
	})
	w := &world{server, u}
	for _, step := range []struct {
		name string
		run  func(*testing.T)
	}{{"logins", w.logins}, {"in turn", w.inTurn}, {"daemon killed", w.daemonKilled},
		{"daemon stopped", w.daemonStopped}, {"bridge ends", w.bridgeEnds}} {
		t.Run(step.name, step.run)
	}
}

type world struct {
	server *ejabberd.Server
	usher  *daemon.Daemon
}

// in reports whether somebody gets in, and as whom.
func (w *world) in(t *testing.T, name, password string) (jid string, ok bool) {
	t.Helper()
	s, err := client.Dial(t.Context(), client.Plain(name, password).At(w.server.C2S(), host))
	if err != nil {
		if !strings.Contains(err.Error(), "not-authorized") {
			t.Errorf("%s: %v", name, err)
		}
		return "", false
	}
	defer s.Close()
	if got := strings.Join(s.Mechanisms(), " "); got != "PLAIN" {
		t.Errorf("offered: %s", got)
	}
	bare, _, _ := strings.Cut(s.JID(), "/")
	return bare, true
}

func (w *world) enter(t *testing.T, name, password string) {
	t.Helper()
	if jid, ok := w.in(t, name, password); !ok || jid != name+"@"+host {
		t.Errorf("%s is not let in: %q", name, jid)
	}
}

func (w *world) stay(t *testing.T, name, password string) time.Duration {
	t.Helper()
	start := time.Now()
	if jid, ok := w.in(t, name, password); ok {
		t.Errorf("%s is let in as %s", name, jid)
	}
	return time.Since(start)
}

// back wants somebody to be let in soon. A daemon that has just come, or come back, has 100 ms for its first answer, as
// all of a Prosody would stand still for longer: on a busy machine that is over before it has answered.
func (w *world) back(t *testing.T, name, password string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		jid, ok := w.in(t, name, password)
		if ok && jid == name+"@"+host {
			return
		}
		if ok || time.Now().After(end) {
			t.Fatalf("%s is not let in again: %q", name, jid)
		}
	}
}

func (w *world) logins(t *testing.T) {
	good := goodToken(t, "alice")
	w.enter(t, "alice", good)
	w.stay(t, "bob", good)
	for what, wrong := range tokens.Wrong(t, host, "alice") {
		if jid, ok := w.in(t, "alice", wrong.Text); ok {
			t.Errorf("%s: let in as %s", what, jid)
		}
	}
	w.stay(t, "alice", good+"\n")
	w.stay(t, "alice", "wrong\nauth:alice:"+host+":"+good)
	for _, bytes := range []int{1400, 3000} { // longer than Prosody lets through here
		claims := authtest.Claims(host, tokens.Called("alice"))
		claims["padding"] = strings.Repeat("x", bytes*3/4-250)
		token := authtest.Token(t, claims)
		t.Logf("a token of %d bytes", len(token))
		w.enter(t, "alice", token)
	}
	ticket := w.usher.Ticket(t, host, good)
	w.enter(t, "alice", ticket)
	w.stay(t, "alice", ticket)
}

// inTurn has right and wrong logins one after the other, and all at once.
func (w *world) inTurn(t *testing.T) {
	var all sync.WaitGroup
	for i := range 20 {
		name := fmt.Sprintf("user%d", i)
		good := goodToken(t, name)
		w.enter(t, name, good)
		w.stay(t, "mallory", good)
		all.Go(func() {
			for range 3 {
				w.enter(t, name, good)
				w.stay(t, "mallory", good)
			}
		})
	}
	all.Wait()
}

func (w *world) daemonKilled(t *testing.T) {
	good := goodToken(t, "alice")
	for range 2 {
		w.usher.Kill()
		fastest := time.Hour
		for range 3 {
			fastest = min(fastest, w.stay(t, "alice", good))
		}
		if fastest > 2*time.Second { // as if the bridge waited for an answer: a busy machine is not as slow thrice
			t.Errorf("refused after %v", fastest)
		}
		w.usher.Start()
		w.back(t, "alice", good)
	}
}

func (w *world) daemonStopped(t *testing.T) {
	good := goodToken(t, "alice")
	w.usher.Suspend()
	for range 3 {
		t.Logf("refused after %v", w.stay(t, "alice", good))
	}
	w.usher.Signal(syscall.SIGCONT)
	w.back(t, "alice", good)
	w.stay(t, "mallory", good)
}

// bridgeEnds: ejabberd starts another.
func (w *world) bridgeEnds(t *testing.T) {
	good := goodToken(t, "alice")
	bridges := processesWith(t, w.usher.Path("extauth.sock"))
	if len(bridges) == 0 {
		t.Fatal("no bridge runs")
	}
	for _, pid := range bridges {
		_ = syscall.Kill(pid, syscall.SIGTERM) // a shell around a bridge may have gone with it
	}
	w.back(t, "alice", good)
	w.stay(t, "mallory", good)
}

// processesWith returns the processes that have a text in their command line.
func processesWith(t *testing.T, text string) []int {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, file := range files {
		line, err := os.ReadFile(file)
		pid, bad := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err == nil && bad == nil && strings.Contains(string(line), text) { // an error is one that has ended
			pids = append(pids, pid)
		}
	}
	return pids
}
