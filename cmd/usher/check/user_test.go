package check

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"usher/cmd/usher/cmdline"
)

// TestMain is also usher check itself, which root has run as another user.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "check" {
		if os.Getenv("USHER_TEST_SHOW") != "" && os.Geteuid() != 0 {
			show()
		}
		os.Exit(cmdline.Run(cmdline.NewApp("", Command()), os.Args, os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

const nobody = 65534

// A machine is a folder with a configuration, its secret, and places for the state and the sockets, that the user
// nobody may use for a daemon.
type machine struct {
	t   *testing.T
	dir string
}

func newMachine(t *testing.T) machine {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can judge for another user")
	}
	dir, err := os.MkdirTemp("", "usher")
	m := machine{t, dir}
	m.ok(err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	m.ok(os.Chmod(m.dir, 0o755))
	m.put("usher.yaml", strings.ReplaceAll(`state: sqlite:DIR/state/usher.db
listen: {dovecot: DIR/run/a.sock, metrics: DIR/run/m.sock, admin: DIR/run/c.sock}
hosts: {meet.example.com: {issuers: {my-app: {secret_files: [keys/my-app.secret], audience: [jitsi]}}}}
`, "DIR", m.dir), 0o640)
	m.put("keys/my-app.secret", "d3f1c2a4b5968778695a4b3c2d1e0f00112233445566778899aabbccddeeff01\n", 0o640)
	for _, dir := range []string{"state", "run"} {
		m.ok(os.Mkdir(m.path(dir), 0o755))
		m.ok(os.Chown(m.path(dir), nobody, nobody))
	}
	return m
}

func (m machine) ok(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

func (m machine) path(name string) string { return filepath.Join(m.dir, name) }

// put writes a file of root's, and of the group of nobody.
func (m machine) put(name, content string, mode os.FileMode) {
	m.t.Helper()
	m.ok(os.MkdirAll(filepath.Dir(m.path(name)), 0o755))
	m.ok(os.WriteFile(m.path(name), []byte(content), mode))
	m.ok(os.Chown(m.path(name), 0, nobody))
}

// replace changes a text of the configuration.
func (m machine) replace(old, new string) {
	m.t.Helper()
	text, err := os.ReadFile(m.path("usher.yaml"))
	m.ok(err)
	m.put("usher.yaml", strings.ReplaceAll(string(text), old, new), 0o640)
}

// check runs usher check for the user nobody.
func (m machine) check(args ...string) (out string, code int) {
	m.t.Helper()
	cmd := exec.Command("/proc/self/exe", append([]string{"check", "--user", "nobody", "--config", m.path("usher.yaml")}, args...)...)
	text, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		m.t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), m.dir, "DIR"), cmd.ProcessState.ExitCode()
}

// TestCheckForDaemon: root is told what the daemon's user may not do, with what mends it; and once that is pasted, all
// is well.
func TestCheckForDaemon(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(m machine)
		want  string // "" for a good one
	}{
		{"good", func(machine) {}, ""},
		{"the configuration's mode", func(m machine) { m.ok(os.Chmod(m.path("usher.yaml"), 0o600)) },
			"usher.yaml:1:1: error: the configuration cannot be read: permission denied: the user nobody may not read " +
				"DIR/usher.yaml (root:nogroup, 0600) — chmod g+r DIR/usher.yaml"},
		{"the secret's group", func(m machine) { m.ok(os.Chown(m.path("keys/my-app.secret"), 0, 0)) },
			"cannot be read: permission denied: the user nobody may not read DIR/keys/my-app.secret (root:root, 0640) — " +
				"chgrp nogroup DIR/keys/my-app.secret && chmod g+r DIR/keys/my-app.secret"},
		{"a folder on the way", func(m machine) { m.ok(os.Chmod(m.path("keys"), 0o700)) },
			"the user nobody may not enter DIR/keys (root:root, 0700) — chgrp nogroup DIR/keys && chmod g+x DIR/keys"},
		{"the state's folder", func(m machine) { m.ok(os.Chown(m.path("state"), 0, 0)) },
			"usher.yaml:1:8: error: state: the user nobody may not write DIR/state (root:root, 0755) — chown nobody: DIR/state"},
		{"no folder of the state", func(m machine) { m.ok(os.Remove(m.path("state"))) },
			"error: state: the folder DIR/state is not there — install -d -o nobody -g nogroup -m 0700 DIR/state"},
		{"a state of root's", func(m machine) { m.put("state/usher.db", "", 0o600); m.ok(os.Chown(m.path("state/usher.db"), 0, 0)) },
			"state: the user nobody may not write DIR/state/usher.db (root:root, 0600); was usher run as root once? — " +
				"chown -R nobody: DIR/state/usher.db*"},
		{"the sockets' folder", func(m machine) { m.ok(os.Chown(m.path("run"), 0, nobody)) },
			"usher.yaml:2:19: error: listen.dovecot: the user nobody may not write DIR/run (root:nogroup, 0755) — chmod g+rwx DIR/run"},
		{"a lock of root's", func(m machine) { m.put("run/a.sock.lock", "", 0o600) },
			"listen.dovecot: the user nobody may not write DIR/run/a.sock.lock (root:nogroup, 0600); was usher run as root once? — " +
				"rm DIR/run/a.sock.lock"},
		{"a file in the socket's place", func(m machine) { m.put("run/m.sock", "", 0o666) },
			"listen.metrics: DIR/run/m.sock is there, and is no socket — remove it, or name another path"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMachine(t)
			c.spoil(m)
			out, code := m.check()
			if c.want == "" {
				if code != 0 || out != "DIR/usher.yaml: ok: 1 host, 1 issuer, 1 key, for the user nobody\n" {
					t.Errorf("exit %d: %s", code, out)
				}
				return
			}
			if code != 1 || !strings.Contains(out, c.want+"\n") {
				t.Fatalf("exit %d, printed\n%swant\n%s", code, out, c.want)
			}
			for line := range strings.Lines(out) {
				_, mend, found := strings.Cut(strings.ReplaceAll(strings.TrimSpace(line), "DIR", m.dir), " — ")
				command, _, _ := strings.Cut(mend, " ")
				if !found || !slices.Contains([]string{"chmod", "chown", "chgrp", "install", "rm"}, command) {
					continue // it is a sentence, or changes more than this folder
				}
				if said, err := exec.Command("sh", "-c", mend).CombinedOutput(); err != nil {
					t.Errorf("%s: %v: %s", mend, err, said)
				}
			}
			if out, code := m.check(); code != 0 && !strings.Contains(c.want, "remove it") {
				t.Errorf("after the mend: exit %d: %s", code, out)
			}
		})
	}
}

// TestCheckPeers: Prosody in no group of usher's is warned of, with both commands.
func TestCheckPeers(t *testing.T) {
	m := newMachine(t)
	if _, err := user.Lookup("prosody"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	m.ok(os.Chmod(m.path("run"), 0o750))
	want := "warning: listen.dovecot: the user prosody may not enter DIR/run (group nogroup, 0750), and so not ask usher — " +
		"adduser prosody nogroup && systemctl restart prosody\n"
	if out, code := m.check(); code != 0 || !strings.Contains(out, want) {
		t.Errorf("exit %d: %s", code, out)
	}
}

// TestCheckPort: a port that another program has is named, also while a daemon runs, and not one that the daemon has.
func TestCheckPort(t *testing.T) {
	m := newMachine(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	m.ok(err)
	defer l.Close()
	m.replace(m.path("run/m.sock"), fmt.Sprintf("'%s'", l.Addr()))
	want := fmt.Sprintf("error: listen.metrics: %s: another program has this port — ss -ltnp shows which; stop it, or name "+
		"another port\n", l.Addr())
	if out, code := m.check(); code != 1 || !strings.Contains(out, want) {
		t.Errorf("exit %d: %s", code, out)
	}
	daemon, err := net.Listen("unix", m.path("run/c.sock"))
	m.ok(err)
	m.ok(os.Chown(m.path("run/c.sock"), nobody, nobody))
	var says atomic.Value // of its listener; nothing: it refuses to say
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if says.Load() == "" {
			w.WriteHeader(http.StatusForbidden)
		}
		fmt.Fprintf(w, `{"listeners":{"metrics":"%s"}}`, says.Load())
	}))
	srv.Listener.Close()
	srv.Listener = daemon
	srv.Start()
	defer srv.Close()
	for _, c := range []struct {
		says string
		code int
	}{
		{"", 0}, {l.Addr().String(), 0},
		{strings.Replace(l.Addr().String(), "127.0.0.1", "0.0.0.0", 1), 0}, {m.path("run/m.sock"), 1}, {"127.0.0.1:1", 1},
	} {
		says.Store(c.says)
		if out, code := m.check(); code != c.code || (code == 1) != strings.Contains(out, want) {
			t.Errorf("beside a daemon that says %q: exit %d: %s", c.says, code, out)
		}
	}
}

// TestCheckJSON: a script gets each problem with its place and its mend.
func TestCheckJSON(t *testing.T) {
	m := newMachine(t)
	m.ok(os.Chmod(m.path("keys/my-app.secret"), 0o600))
	out, code := m.check("--json")
	var r result
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != 1 {
		t.Fatalf("exit %d, %v: %s", code, err, out)
	}
	if len(r.Problems) != 1 || r.OK || r.Errors != 1 || r.User != "nobody" || r.Problems[0].Line != 3 ||
		r.Problems[0].Severity != "error" || r.Problems[0].Mend != "chmod g+r DIR/keys/my-app.secret" {
		t.Errorf("%+v", r)
	}
	m.ok(os.Chmod(m.path("keys/my-app.secret"), 0o644))
	out, code = m.check("--json")
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != 0 || !r.OK || r.Warnings != 1 {
		t.Errorf("exit %d, %v: %s", code, err, out)
	}
}

// TestCheckForWhom: a user that is not there, and one whose rights only root has.
func TestCheckForWhom(t *testing.T) {
	if _, err := runCheck(t, "--user", "no-such-user"); err == nil || !strings.Contains(err.Error(), `there is no user "no-such-user"`) {
		t.Error(err)
	}
	if _, err := runCheck(t, "--files-only", "--online"); exitCodeOf(err) != 2 {
		t.Error(err)
	}
	m := newMachine(t)
	cmd := exec.Command("/proc/self/exe", "check", "--user", "0", "--config", m.path("usher.yaml"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "only root can judge for another user") {
		t.Errorf("%v: %s", err, out)
	}
}

// show tells what the process of another user has from root: descriptors that are open, and the session.
func show() {
	for fd := range 64 {
		if name, err := os.Readlink(fmt.Sprint("/proc/self/fd/", fd)); err == nil && strings.HasPrefix(name, "/") {
			fmt.Println("has", name)
		}
	}
	session, err := unix.Getsid(0)
	fmt.Println("leads its session:", session == os.Getpid(), err)
}

// TestCheckHandsNothingOver: what root's shell has open, and its terminal, are not the other user's.
func TestCheckHandsNothingOver(t *testing.T) {
	m := newMachine(t)
	m.put("roots", "a secret of root's", 0o600)
	open, err := os.Open(m.path("roots"))
	m.ok(err)
	defer open.Close()
	out, err := os.OpenFile(m.path("terminal"), os.O_RDWR|os.O_CREATE, 0o600)
	m.ok(err)
	defer out.Close()
	cmd := exec.Command("/proc/self/exe", "check", "--user", "nobody", "--config", m.path("usher.yaml"), "--files-only")
	cmd.Env = append(os.Environ(), "USHER_TEST_SHOW=1")
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = out, out, []*os.File{open}
	m.ok(cmd.Run())
	said, err := os.ReadFile(m.path("terminal"))
	m.ok(err)
	if strings.Contains(string(said), "has "+m.dir) || !strings.Contains(string(said), "leads its session: true") {
		t.Errorf("%s", said)
	}
}

// eachWrite notes what is written at once.
type eachWrite struct{ all []string }

func (w *eachWrite) Write(text []byte) (int, error) {
	w.all = append(w.all, string(text))
	return len(text), nil
}

// TestCheckManyOfOther: however much the other user's process says, it is not kept, and lines come whole, as they could
// not be broken between words otherwise.
func TestCheckManyOfOther(t *testing.T) {
	m := newMachine(t)
	var keys strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&keys, "unknown-%d: 1\n", i)
	}
	m.replace("hosts:", keys.String()+"hosts:")
	var out eachWrite
	code := cmdline.Run(cmdline.NewApp("", Command()), []string{"usher", "check", "--user", "nobody", "--config",
		m.path("usher.yaml"), "--files-only"}, nil, &out, &out)
	if len(strings.Join(out.all, "")) < 1<<16 || code != 1 {
		t.Fatalf("exit %d: %q", code, out.all)
	}
	if len(out.all) < 2 {
		t.Error("all of it was kept in memory until the end")
	}
	for _, text := range out.all {
		if !strings.HasSuffix(text, "\n") {
			t.Errorf("…%q is no whole line", text[max(0, len(text)-40):])
		}
	}
}

// TestCheckFilesOfOther: with --files-only nothing but the files is looked at for another user, too.
func TestCheckFilesOfOther(t *testing.T) {
	m := newMachine(t)
	m.ok(os.Chown(m.path("state"), 0, 0))
	if out, code := m.check("--files-only"); code != 0 {
		t.Errorf("exit %d: %s", code, out)
	}
}
