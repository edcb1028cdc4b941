//go:build boot

package install

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A machine is a Debian 12 in a folder, booted by systemd-nspawn with a network of its own.
type machine struct {
	dir    string
	log    string // what its console said
	nspawn *exec.Cmd
	leader int // its process 1, as this machine counts
}

// newMachine boots a copy of the Debian that scripts/install.sh machine has made.
func newMachine(t *testing.T) *machine {
	t.Helper()
	base := os.Getenv("USHER_MACHINE")
	if base == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		base = filepath.Join(cache, "usher", "machine")
	}
	parent, err := os.MkdirTemp("", "usher-machine")
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{dir: filepath.Join(parent, "root"), log: filepath.Join(parent, "console")}
	t.Cleanup(func() {
		m.end()
		if err := os.RemoveAll(parent); err != nil {
			t.Error(err)
		}
	})
	out, err := exec.CommandContext(t.Context(), "cp", "-a", "--reflink=auto", base, m.dir).CombinedOutput()
	if err != nil {
		t.Fatalf("copying the machine: %v\n%s", err, out)
	}
	m.boot(t)
	return m
}

// boot starts the machine, and waits until its systemd has started everything.
func (m *machine) boot(t *testing.T) {
	t.Helper()
	console, err := os.OpenFile(m.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer console.Close() // nspawn has its own
	// The machine outlives the context of a test: end waits for it.
	m.nspawn = exec.CommandContext(context.WithoutCancel(t.Context()), "systemd-nspawn", "--quiet",
		"--directory="+m.dir, "--machine=usher-test", "--private-network", "--register=no", "--keep-unit", "--boot")
	m.nspawn.Stdout, m.nspawn.Stderr = console, console
	if err := m.nspawn.Start(); err != nil {
		t.Fatal(err)
	}
	limit := time.Now().Add(time.Minute)
	for {
		state := ""
		if m.leader = child(m.nspawn.Process.Pid); m.leader != 0 {
			state, _ = m.try("systemctl is-system-running --wait")
		}
		if state = strings.TrimSpace(state); state == "running" || state == "degraded" {
			return
		}
		if time.Now().After(limit) {
			text, _ := os.ReadFile(m.log)
			t.Fatalf("the machine does not boot: %q\n%s", state, text)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// child is the first child of a process, or 0.
func child(pid int) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(text), " ")
	n, _ := strconv.Atoi(first)
	return n
}

// end switches the machine off.
func (m *machine) end() {
	if m.nspawn == nil {
		return
	}
	_ = m.nspawn.Process.Signal(unix.SIGTERM) // an orderly end; nspawn waits for it
	timer := time.AfterFunc(30*time.Second, func() { _ = m.nspawn.Process.Kill() })
	_ = m.nspawn.Wait()
	timer.Stop()
	m.nspawn = nil
}

// reboot has the machine reboot itself, and waits until it is there again.
func (m *machine) reboot(t *testing.T) {
	t.Helper()
	_, _ = m.try("systemctl reboot")
	err := m.nspawn.Wait()
	m.nspawn = nil
	// nspawn's word for a machine that wants to come back.
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 133 {
		t.Fatalf("the machine has not rebooted: %v", err)
	}
	m.boot(t)
}

// try runs a script in the machine, as root, and returns what it says.
func (m *machine) try(script string) (string, error) {
	cmd := exec.Command("nsenter", "--all", "--target", strconv.Itoa(m.leader), "--wdns=/root", "--",
		"/bin/sh", "-ec", script)
	cmd.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8",
		"DEBIAN_FRONTEND=noninteractive", "SYSTEMD_PAGER=cat"}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}

// run is try for what must succeed.
func (m *machine) run(t *testing.T, script string) string {
	t.Helper()
	out, err := m.try(script)
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return out
}

// dial connects to an address in the machine's own network: a socket belongs to the network in which it was made.
func (m *machine) dial(ctx context.Context, address string) (net.Conn, error) {
	type result struct {
		conn net.Conn
		err  error
	}
	done := make(chan result, 1)
	go func() {
		// Without UnlockOSThread: the thread, which is in the other network now, ends with the goroutine.
		runtime.LockOSThread()
		conn, err := func() (net.Conn, error) {
			network, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", m.leader))
			if err != nil {
				return nil, err
			}
			defer network.Close()
			if err := unix.Setns(int(network.Fd()), unix.CLONE_NEWNET); err != nil {
				return nil, fmt.Errorf("entering the machine's network: %w", err)
			}
			// An address of figures: nothing is looked up, by which another thread would dial.
			return new(net.Dialer).DialContext(ctx, "tcp", address)
		}()
		done <- result{conn, err}
	}()
	r := <-done
	return r.conn, r.err
}
