package community

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"usher/e2e/child"
	"usher/e2e/client"
)

// legacy logs in as clients did before SASL (XEP-0078), with a password written in XML, and returns the answer.
func (w *world) legacy(t *testing.T, name, password string) string {
	t.Helper()
	conn, err := net.Dial("tcp", w.prosody.C2S())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprintf(conn, "<?xml version='1.0'?><stream:stream to='%s' xmlns='jabber:client' "+
		"xmlns:stream='http://etherx.jabber.org/streams'>"+
		"<iq type='set' id='login'><query xmlns='jabber:iq:auth'><username>%s</username><password>%s</password>"+
		"<resource>old</resource></query></iq></stream:stream>", external.host, name, password)
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Errorf("after %q: %v", answer, err)
	}
	_, iq, _ := strings.Cut(string(answer), "<iq")
	return iq
}

// bridge is the process that Prosody has started; a right login sees to it that there is one.
func (w *world) bridge(t *testing.T, right client.Login) int {
	t.Helper()
	w.recover(t, right, 1)
	pids := w.bridges(t)
	if len(pids) != 1 {
		t.Fatalf("%d bridges run", len(pids))
	}
	return pids[0]
}

// bridges are the living children of Prosody.
func (w *world) bridges(t *testing.T) []int {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Error(err)
	}
	var pids []int
	for _, file := range files {
		if pid, err := strconv.Atoi(filepath.Base(file)); err == nil && parent(pid) == w.prosody.PID() {
			pids = append(pids, pid)
		}
	}
	return pids
}

// catches reports whether a bridge has started so far that signals do not kill it: it ignores the terminal's last.
func catches(pid int) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return false
	}
	_, after, _ := strings.Cut(string(status), "\nSigIgn:")
	line, _, _ := strings.Cut(after, "\n")
	ignored, err := strconv.ParseUint(strings.TrimSpace(line), 16, 64)
	return err == nil && ignored&(1<<(syscall.SIGTTOU-1)) != 0
}

// parent is the parent of a process that has not ended, or 0 (proc_pid_stat(5)).
func parent(pid int) int {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	if len(fields) < 2 || fields[0] == "Z" {
		return 0
	}
	parent, _ := strconv.Atoi(fields[1])
	return parent
}

func suspend(t *testing.T, pid int) {
	t.Helper()
	if err := child.Suspend(pid); err != nil {
		t.Errorf("the bridge: %v", err)
	}
}

func signal(t *testing.T, pid int, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, s); err != nil {
		t.Errorf("signalling the bridge: %v", err)
	}
}
