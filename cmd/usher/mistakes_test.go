package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// A mistaken machine has a configuration that is good but for one mistake.
type mistaken struct {
	t   *testing.T
	dir string
}

func newMistaken(t *testing.T) mistaken {
	t.Helper()
	dir, err := os.MkdirTemp("", "usher") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	m := mistaken{t, dir}
	m.write("my-app.secret", "d3f1c2a4b5968778695a4b3c2d1e0f00112233445566778899aabbccddeeff01\n")
	m.write("component.secret", "0b1c2d3e4f5061728394a5b6c7d8e9f00112233445566778899aabbccddeeff0\n")
	m.write("usher.yaml", `state: "memory:"
listen: {dovecot: DIR/a.sock, metrics: DIR/m.sock, admin: DIR/c.sock}
hosts:
  meet.example.com:
    issuers: {my-app: {secret_files: [my-app.secret], audience: [jitsi]}}
`)
	return m
}

// write writes a file, in which DIR stands for the folder.
func (m mistaken) write(name, text string) {
	m.t.Helper()
	if err := os.WriteFile(filepath.Join(m.dir, name), []byte(strings.ReplaceAll(text, "DIR", m.dir)), 0o600); err != nil {
		m.t.Fatal(err)
	}
}

// changed changes a text of the configuration that must be there.
func (m mistaken) changed(old, new string) mistaken {
	m.t.Helper()
	text, err := os.ReadFile(filepath.Join(m.dir, "usher.yaml"))
	if err != nil || !strings.Contains(string(text), old) {
		m.t.Fatalf("%q is not there: %v", old, err)
	}
	m.write("usher.yaml", strings.ReplaceAll(string(text), old, new))
	return m
}

// says runs a command of usher, whatever comes of it, and returns what it prints.
func (m mistaken) says(args ...string) string {
	m.t.Helper()
	cmd := exec.CommandContext(m.t.Context(), "usher", args...)
	cmd.Dir = m.dir
	cmd.Env = append(os.Environ(), "USHER_CONFIG="+m.dir+"/usher.yaml", "USHER_CHECK_USER=")
	if len(args) > 0 && args[0] == "check" && os.Geteuid() == 0 {
		cmd.Env = append(cmd.Env, "USHER_CHECK_USER=0")
	}
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		m.t.Fatal(err)
	}
	return string(out)
}

// serves starts a daemon, and waits until it is ready.
func (m mistaken) serves() {
	m.t.Helper()
	cmd := exec.Command("usher", "serve", "--config", m.dir+"/usher.yaml")
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	if out := m.says("status", "--wait", "--timeout", "20s"); !strings.Contains(out, "is ready") {
		m.t.Fatal(out)
	}
}

func (m mistaken) token(args ...string) string {
	m.t.Helper()
	return strings.TrimSpace(m.says(append([]string{"token", "mint", "--user", "alice"}, args...)...))
}

// mistakes make one mistake each, and return what is said of it. Those of other programs are made in e2e/try.
func mistakes() map[string]func(m mistaken) string {
	return map[string]func(m mistaken) string{
		"a wrong path": func(m mistaken) string { return m.changed("[my-app.secret]", "[my-app.sercet]").says("check") },
		"the mode of a file": func(m mistaken) string {
			if os.Geteuid() != 0 {
				m.t.Skip("only root can judge for another user")
			}
			return m.says("check", "--user", "nobody")
		},
		"a tab in the YAML": func(m mistaken) string {
			return m.changed("  meet.example.com:", "\tmeet.example.com:").says("check")
		},
		"`muc` missing": func(m mistaken) string {
			return m.changed("hosts:", "component: {jid: usher.meet.example.com, secret_file: component.secret}\nhosts:").says("check")
		},
		"white space in a secret": func(m mistaken) string {
			m.write("my-app.secret", "d3f1c2a4b5968778695a4b3c2d1e0f00112233445566778899aabbccddeeff01 \n")
			return m.says("check")
		},
		"base64 not declared": func(m mistaken) string {
			m.write("my-app.secret", "oyBEYfe9T2uXkCmxtqTcA8FrgYbnbYc2YW3Sn5YxGJg=\n")
			return m.says("check")
		},
		"another issuer": func(m mistaken) string {
			token := m.token()
			return m.changed("{my-app:", "{my_app:").says("token", "explain", token)
		},
		"another secret": func(m mistaken) string {
			token := m.token()
			m.write("my-app.secret", "0000000000000778695a4b3c2d1e0f00112233445566778899aabbccddeeff02\n")
			return m.says("token", "explain", token)
		},
		"a clock that is off": func(m mistaken) string {
			token := m.token("--ttl", "1s") // as one that was made an hour ago, by this machine's clock
			m.changed("audience: [jitsi]", "audience: [jitsi]").changed("issuers:", "tokens: {leeway: 0s}\n    issuers:")
			time.Sleep(1100 * time.Millisecond)
			return m.says("token", "explain", token)
		},
		"a port in use": func(m mistaken) string {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				m.t.Fatal(err)
			}
			defer l.Close()
			return m.changed("metrics: "+m.dir+"/m.sock", "metrics: '"+l.Addr().String()+"'").says("check") + m.says("serve")
		},
		"a second daemon": func(m mistaken) string {
			m.changed(`"memory:"`, `"sqlite:DIR/usher.db"`).serves() // as it is unless the operator says otherwise
			return m.says("serve")
		},
	}
}

// TestMistakes: each mistake that the page lists is named as it says, with its mend.
func TestMistakes(t *testing.T) {
	page, err := os.ReadFile("../../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(page), "\n## When it does not work\n")
	if !found {
		t.Fatal("the page has no such section")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	quoted := regexp.MustCompile("`([^`]+)`")
	made := mistakes()
	rows := 0
	for line := range strings.Lines(section) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if len(cells) != 4 || strings.HasPrefix(line, "|--") || strings.Contains(line, "| says |") {
			continue
		}
		rows++
		name := strings.TrimPrefix(cells[0], "| ")
		says := quoted.FindStringSubmatch(cells[2])
		if says == nil {
			t.Errorf("%s: the page does not say what is said", name)
			continue
		}
		make := made[name]
		delete(made, name)
		if make == nil {
			if !strings.Contains(cells[1], "usher try") && !strings.Contains(line, "group") && !strings.Contains(line, "systemd") {
				t.Errorf("%s: no test makes this mistake", name)
			}
			if !strings.Contains(cells[1], "usher try") || strings.Contains(cells[1], "usher check") {
				wantInSources(t, name, says[1]) // e2e/try makes the others
			}
			continue
		}
		t.Run(name, func(t *testing.T) {
			if out := make(newMistaken(t)); !strings.Contains(out, says[1]) {
				t.Errorf("the page says %q, and usher\n%s", says[1], out)
			}
		})
	}
	if rows < 15 {
		t.Errorf("only %d mistakes are on the page", rows)
	}
	for name := range made {
		t.Errorf("the page does not have %s", name)
	}
}

// wantInSources wants that a text is one of usher's, where the program that makes it say so is another test's.
func wantInSources(t *testing.T, name, text string) {
	t.Helper()
	for _, pattern := range []string{"../../internal/try/*.go", "../../internal/preflight/*.go", "status/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if content, err := os.ReadFile(file); err == nil && strings.Contains(string(content), text) {
				return
			}
		}
	}
	t.Errorf("%s: nothing says %q", name, text)
}
