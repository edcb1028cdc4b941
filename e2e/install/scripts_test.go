package install

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A scripts is the package's maintainer scripts, with a folder in the place of the system.
type scripts struct {
	t    *testing.T
	root string
}

// commands stand in for those that would change this machine.
var commands = map[string]string{
	"deb-systemd-helper": "", "deb-systemd-invoke": "", "systemd-sysusers": "", "systemctl": "", "chown": "",
	"getent": "exit 1", "install": `for last; do :; done; mkdir -p "$last"`,
}

func newScripts(t *testing.T) scripts {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a folder away")
	}
	s := scripts{t, t.TempDir()}
	text, err := os.ReadFile("../../deploy/debian/usher.yaml")
	s.ok(err)
	s.ok(os.MkdirAll(s.path("usr/share/usher"), 0o755))
	s.ok(os.MkdirAll(s.path("etc"), 0o755))
	s.ok(os.WriteFile(s.path("usr/share/usher/usher.yaml"), text, 0o644))
	s.ok(os.Mkdir(s.path("bin"), 0o755))
	for name, body := range commands {
		s.ok(os.WriteFile(s.path("bin/"+name), []byte("#!/bin/sh\n"+body+"\n"), 0o755))
	}
	return s
}

func (s scripts) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s scripts) path(name string) string { return filepath.Join(s.root, name) }

// run runs a script as dpkg does, and returns what it says.
func (s scripts) run(name, action string) string {
	s.t.Helper()
	text, err := os.ReadFile("../../deploy/debian/" + name)
	s.ok(err)
	here := strings.NewReplacer("/etc/", s.root+"/etc/", "/var/lib/", s.root+"/var/lib/", "/run/", s.root+"/run/",
		"/usr/share/", s.root+"/usr/share/").Replace(string(text))
	cmd := exec.CommandContext(s.t.Context(), "sh", "-c", here, name, action)
	cmd.Env = append(os.Environ(), "PATH="+s.path("bin")+":"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Errorf("%s %s: %v\n%s", name, action, err, out)
	}
	return string(out)
}

// names are those of the files in a folder.
func (s scripts) names(folder string) string {
	list, err := os.ReadDir(s.path(folder))
	s.ok(err)
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

// TestFolderOfOthers: where the folder of the configuration is not root's alone, a link that was laid there has root
// neither write to what it leads to nor, in a purge, take it away.
func TestFolderOfOthers(t *testing.T) {
	const others = 65534
	for name, give := range map[string]func(string) error{
		"owner": func(path string) error { return os.Chown(path, others, others) },
		"mode":  func(path string) error { return os.Chmod(path, 0o777) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newScripts(t)
			s.ok(os.Mkdir(s.path("etc/usher"), 0o750))
			s.ok(os.WriteFile(s.path("etc/shadow"), []byte("root's\n"), 0o600))
			s.ok(give(s.path("etc/usher")))
			for _, link := range []string{"http.secret.new", "usher.yaml.new", ".made-by-package"} {
				s.ok(os.Symlink(s.path("etc/shadow"), s.path("etc/usher/"+link)))
			}
			said := s.run("postinst", "configure")
			info, err := os.Stat(s.path("etc/shadow"))
			s.ok(err)
			if text, err := os.ReadFile(s.path("etc/shadow")); string(text) != "root's\n" || info.Mode().Perm() != 0o600 {
				t.Errorf("it has %q, mode %v, %v", text, info.Mode(), err)
			}
			if !strings.Contains(said, "nothing is written there") {
				t.Error(said)
			}

			const sum = "53175bcc0524f37b47062fafdda28e3f8eb91d519ca0a184ca71bbebe72f969a"
			s.ok(os.WriteFile(s.path("etc/hosts"), []byte("root\n"), 0o644))
			s.ok(os.Remove(s.path("etc/usher/.made-by-package")))
			s.ok(os.WriteFile(s.path("etc/usher/.made-by-package"), []byte(sum+"  ../hosts\n"), 0o644))
			s.run("postrm", "purge")
			s.ok(os.WriteFile(s.path("etc/usher/.made-by-package"), []byte(sum+"  ../hosts\n"), 0o644))
			s.ok(os.Chown(s.path("etc/usher/.made-by-package"), others, others))
			s.run("postrm", "purge")
			if have := s.names("etc"); have != "hosts shadow usher" {
				t.Errorf("after the purge there are %s", have)
			}
		})
	}
}

// TestFolderElsewhere: a folder of the configuration that is a link is good, and its purge ends.
func TestFolderElsewhere(t *testing.T) {
	s := newScripts(t)
	s.ok(os.Mkdir(s.path("etc/kept"), 0o750))
	s.ok(os.Symlink("kept", s.path("etc/usher")))
	s.run("postinst", "configure")
	const want = ".made-by-package component.secret http.secret my-app.secret usher.yaml"
	if have := s.names("etc/kept"); have != want {
		t.Errorf("there are %s", have)
	}
	s.run("postrm", "purge")
	if have := s.names("etc/kept"); have != "" {
		t.Errorf("after the purge there are %s", have)
	}
}

// TestServersGroup: a server has to be restarted only if it runs without the group that its user comes into: what its
// unit has started since usher was installed has that.
func TestServersGroup(t *testing.T) {
	const user, group = 54321, 54322
	for name, row := range map[string]struct {
		groups []uint32 // of the server's process; nil: none runs
		said   string
	}{
		"runs without": {[]uint32{user}, "the user prosody is in the group usher now; restart prosody once\n"},
		"runs with":    {[]uint32{user, group}, "the user prosody is in the group usher now\n"},
		"does not run": {nil, "the user prosody is in the group usher now\n"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScripts(t)
			for command, body := range map[string]string{
				"id":      fmt.Sprintf(`if [ "$1" = -u ]; then echo %d; else echo prosody; fi`, user),
				"getent":  fmt.Sprintf(`case $2 in prosody) ;; usher) echo usher:x:%d: ;; *) exit 2 ;; esac`, group),
				"usermod": "",
			} {
				s.ok(os.WriteFile(s.path("bin/"+command), []byte("#!/bin/sh\n"+body+"\n"), 0o755))
			}
			if row.groups != nil {
				server := exec.CommandContext(t.Context(), "sleep", "60")
				server.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL,
					Credential: &syscall.Credential{Uid: user, Gid: user, Groups: row.groups}}
				s.ok(server.Start())
				t.Cleanup(func() {
					_ = server.Process.Kill()
					_ = server.Wait()
				})
			}
			if said := s.run("postinst", "triggered"); said != "usher: "+row.said {
				t.Errorf("it says %q", said)
			}
		})
	}
}
