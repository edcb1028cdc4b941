package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"usher/cmd/usher/extauth"
	"usher/internal/admin"
	"usher/internal/config"
	"usher/internal/ports"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"usher": main, extauth.Name: main})
}

// TestScripts runs the commands and the daemon as an operator does.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup:               setupScript,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code":       scriptCode,
			"waitfor":    scriptWaitFor,
			"waitstatus": scriptWaitStatus,
			"signal":     scriptSignal,
			"get":        scriptGet,
		},
	})
}

// setupScript fills in absolute paths and a free port, which no file of an archive can know.
func setupScript(env *testscript.Env) error {
	metrics, err := ports.FreeAddress()
	if err != nil {
		return err
	}
	// A socket's path has at most 107 bytes, and the script's own folder may be deep.
	run, err := os.MkdirTemp("", "usher")
	if err != nil {
		return err
	}
	env.Defer(func() { os.RemoveAll(run) })
	env.Setenv("RUN", run)
	env.Setenv("GORACE", "atexit_sleep_ms=0")                  // a second for each command otherwise
	env.Setenv("USHER_CHECK_USER", strconv.Itoa(os.Geteuid())) // who tests may have a user usher
	env.Setenv("METRICS", metrics)
	files, err := filepath.Glob(filepath.Join(env.WorkDir, "*.yaml"))
	if err != nil {
		return err
	}
	fill := strings.NewReplacer("$RUN", run, "$METRICS", metrics, "$WORK", env.WorkDir)
	for _, f := range files {
		content, err := os.ReadFile(f)
		if err == nil {
			err = os.WriteFile(f, []byte(fill.Replace(string(content))), 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// scriptCode runs a command and wants exactly this exit code: code 2 usher serve --nothing.
func scriptCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N command...")
	}
	got := "0"
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if got != args[0] {
		ts.Fatalf("exit code %s, want %s", got, args[0])
	}
}

// eventually tries for 30 s.
func eventually(ts *testscript.TestScript, what string, ok func() bool) {
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	ts.Fatalf("not within 30 s: %s", what)
}

// scriptWaitFor waits until a path exists (or, negated, does not).
func scriptWaitFor(ts *testscript.TestScript, neg bool, args []string) {
	eventually(ts, args[0], func() bool {
		_, err := os.Lstat(ts.MkAbs(args[0]))
		return (err == nil) != neg
	})
}

// scriptWaitStatus waits until usher status --json has a text (or, negated, has not): waitstatus FILE TEXT.
func scriptWaitStatus(ts *testscript.TestScript, neg bool, args []string) {
	socket := config.AdminSocket(ts.MkAbs(args[0]))
	eventually(ts, args[1], func() bool {
		body, err := getFrom("unix", socket, "/status")
		return err == nil && strings.Contains(body, args[1]) != neg
	})
}

// scriptSignal sends a signal to the daemon that holds the admin socket of a configuration: signal TERM FILE.
func scriptSignal(ts *testscript.TestScript, _ bool, args []string) {
	var s admin.Status
	err := admin.Call(context.Background(), config.AdminSocket(ts.MkAbs(args[1])), "GET", "/status", nil, &s)
	ts.Check(err)
	signals := map[string]syscall.Signal{"TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP, "KILL": syscall.SIGKILL}
	ts.Check(syscall.Kill(s.PID, signals[args[0]]))
}

// scriptGet writes an answer of the metrics listener, with its status, to stdout.
func scriptGet(ts *testscript.TestScript, _ bool, args []string) {
	body, err := getFrom("tcp", ts.Getenv("METRICS"), args[0])
	ts.Check(err)
	_, err = ts.Stdout().Write([]byte(body))
	ts.Check(err)
}

func getFrom(network, address, path string) (string, error) {
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport, Timeout: 5 * time.Second}).Get("http://usher" + path)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return "status " + strconv.Itoa(resp.StatusCode) + "\n" + string(body), err
}
