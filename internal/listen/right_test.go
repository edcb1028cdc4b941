package listen

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestMissingRight: what keeps a daemon from making its socket is named, with its owner and the way out.
func TestMissingRight(t *testing.T) {
	if path := os.Getenv("LISTEN_TEST_SOCKET"); path != "" { // the process of another user
		_, err := bind(Endpoint{Name: "dovecot", Network: "unix", Address: path})
		_, _ = os.Stdout.WriteString(err.Error() + "\n")
		return
	}
	if os.Geteuid() != 0 {
		t.Skip("only root can be another user")
	}
	dir, err := os.MkdirTemp("", "usher")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := errors.Join(os.Chmod(dir, 0o755), os.WriteFile(filepath.Join(dir, "b.sock.lock"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		dir + "/a.sock":           "permission denied: the user nobody may not write " + dir + " (root:root, 0755); chown nobody: " + dir,
		dir + "/b.sock":           "the user nobody may not write " + dir + "/b.sock.lock (root:root, 0600); chgrp nogroup ",
		"/run/not-there-x/a.sock": "the folder /run/not-there-x is not there, and the user nobody may not make it",
	} {
		cmd := exec.Command("/proc/self/exe", "-test.run=^TestMissingRight$")
		cmd.Env = append(os.Environ(), "LISTEN_TEST_SOCKET="+path)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		cmd.Dir = "/"
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v\n%swant %s", path, err, out, want)
		}
	}
}
