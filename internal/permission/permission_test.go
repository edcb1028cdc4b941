package permission

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const other = 65534 // nobody, whose group has the same number

// TestMain is also the program that looks with the rights of another user.
func TestMain(m *testing.M) {
	path := os.Getenv("PERMISSION_TEST")
	if path == "" {
		os.Exit(m.Run())
	}
	want := uint32(Read)
	if os.Getenv("PERMISSION_WRITE") != "" {
		want = Read | Write
	}
	if b := Find(path, want); b != nil {
		os.Stdout.WriteString(b.Text() + "; " + b.Mend())
	}
}

// findAs is Find in a process of another user.
func findAs(t *testing.T, path, write string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can be another user")
	}
	cmd := exec.Command("/proc/self/exe") // whose folder need not be open to the other
	cmd.Env = append(os.Environ(), "PERMISSION_TEST="+path, "PERMISSION_WRITE="+write)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: other, Gid: other}}
	cmd.Dir = "/"
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

// openFolder is a folder of usher's that everybody may enter; its name stands for DIR in what is wanted.
func openFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "usher")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// TestFind: what keeps another user from a file is named, with its owner and mode, and what is pasted mends it.
func TestFind(t *testing.T) {
	dir := openFolder(t)
	make := func(name string, mode os.FileMode, gid int) {
		t.Helper()
		path := filepath.Join(dir, name)
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		if err == nil && strings.HasSuffix(name, "/") {
			err = os.Chmod(path, mode)
		} else if err == nil {
			err = os.WriteFile(path, nil, mode)
		}
		if err == nil {
			err = os.Chown(path, 0, gid)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if os.Geteuid() == 0 {
		make("closed/file", 0o644, 0)
		make("closed/", 0o700, 0)
		make("ours/file", 0o600, other)
		make("ours/", 0o740, other)
		make("open/root", 0o600, 0)
		make("open/group", 0o600, other)
		make("open/good", 0o640, other)
		make("open/it's", 0o600, 0)
		make("ssl/key", 0o600, 0)
		make("ssl/", 0o710, 1) // a group's, as /etc/ssl/private is
	}
	for _, link := range [][2]string{{"closed/file", "link"}, {"loop", "loop"}, {dir + "/open/good", "open/link"}} {
		if err := os.Symlink(link[0], filepath.Join(dir, link[1])); err != nil && os.Geteuid() == 0 {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ path, write, want string }{
		{"open/good", "", ""},
		{"open/link", "", ""},
		{"open/none", "", ""},
		{"loop", "", ""},
		{"link", "", "the user nobody may not enter DIR/closed (root:root, 0700); " +
			"chgrp nogroup DIR/closed && chmod g+x DIR/closed"},
		{"ours/file", "", "the user nobody may not enter DIR/ours (root:nogroup, 0740); chmod g+x DIR/ours"},
		{"open/root", "", "the user nobody may not read DIR/open/root (root:root, 0600); " +
			"chgrp nogroup DIR/open/root && chmod g+r DIR/open/root"},
		{"open/it's", "", "the user nobody may not read DIR/open/it's (root:root, 0600); " +
			`chgrp nogroup 'DIR/open/it'\''s' && chmod g+r 'DIR/open/it'\''s'`},
		{"ssl/key", "", "the user nobody may not enter DIR/ssl (root:daemon, 0710); adduser nobody daemon, and restart usher"},
		{"open/group", "", "the user nobody may not read DIR/open/group (root:nogroup, 0600); chmod g+r DIR/open/group"},
		{"open/good", "1", "the user nobody may not write DIR/open/good (root:nogroup, 0640); chmod g+rw DIR/open/good"},
		{"open", "1", "the user nobody may not write DIR/open (root:root, 0755); chown nobody: DIR/open"},
	} {
		got := strings.ReplaceAll(findAs(t, filepath.Join(dir, c.path), c.write), dir, "DIR")
		if got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.path, got, c.want)
		}
		_, mend, found := strings.Cut(got, "; ")
		if !found || strings.HasPrefix(mend, "adduser") { // which changes the machine
			continue
		}
		if out, err := exec.Command("sh", "-c", strings.ReplaceAll(mend, "DIR", dir)).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", mend, err, out)
		}
	}
	for _, path := range []string{"closed/file", "open/root", "open/group"} {
		if again := findAs(t, filepath.Join(dir, path), ""); again != "" {
			t.Errorf("after the mend: %s", again)
		}
	}
}

// TestMendOfOthers: nobody is told to give folders of the system to a daemon.
func TestMendOfOthers(t *testing.T) {
	for _, path := range []string{"/root", "/var/lib", "/srv", "/etc/ssl", "/"} {
		info, err := os.Stat(path)
		if err != nil {
			continue
		}
		if b := (&Block{Path: path, Want: Read | Write | Enter, Info: info}); b.own() {
			t.Errorf("%s counts as usher's own: %s", path, b.Mend())
		}
	}
	got := findAs(t, "/var/lib", "1")
	if !strings.HasSuffix(got, "; keep it in a folder of usher's own, as /etc/usher is: /var/lib is none") {
		t.Error(got)
	}
}
