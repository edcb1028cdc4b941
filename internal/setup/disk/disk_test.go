package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// tree makes a folder with files and links: a text that begins with -> is a link to what follows.
func tree(t *testing.T, files map[string]string) (*Tree, string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if target, isLink := strings.CutPrefix(text, "->"); isLink {
			err = os.Symlink(target, file)
		} else {
			err = os.WriteFile(file, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	tr, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tr.Close() })
	return tr, dir
}

// TestRead: links are followed below the root, absolute ones too, and never out of the part of the machine.
func TestRead(t *testing.T) {
	tr, dir := tree(t, map[string]string{
		"etc/prosody/conf.avail/h.lua": "host",
		"etc/prosody/conf.d/h.lua":     "->/etc/prosody/conf.avail/h.lua",
		"etc/prosody/conf.d/rel.lua":   "->../conf.avail/h.lua",
		"etc/prosody/conf.d/up.lua":    "->../../../../../../etc/prosody/conf.avail/h.lua",
		"etc/prosody/conf.d/two.lua":   "->h.lua",
		"etc/prosody/linked":           "->conf.avail",
		"etc/prosody/shadow":           "->/etc/shadow",
		"etc/prosody/other":            "->../jitsi/jicofo.conf",
		"etc/prosody/outside":          "->" + t.TempDir(),
		"etc/prosody/loop":             "->loop",
		"etc/prosody/nowhere":          "->/etc/prosody/none",
		"etc/shadow":                   "secret",
		"etc/jitsi/jicofo.conf":        "jicofo",
	})
	if err := syscall.Mkfifo(filepath.Join(dir, "etc/prosody/pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"/etc/prosody/conf.avail/h.lua": "host", "/etc/prosody/conf.d/h.lua": "host", "/etc/prosody/conf.d/rel.lua": "host",
		"/etc/prosody/conf.d/up.lua": "host", "/etc/prosody/conf.d/two.lua": "host", "/etc/prosody/linked/h.lua": "host",
		"/etc/prosody/shadow": "leads to /etc/shadow", "/etc/prosody/other": "leads to /etc/jitsi/jicofo.conf",
		"/etc/prosody/outside": "", "/etc/prosody/loop": "too many links", "/etc/prosody/nowhere": "",
		"/etc/prosody/none": "", "/etc/prosody/pipe": "no regular file", "/etc/prosody/conf.avail": "no regular file",
		"etc/shadow": "no absolute name", "/etc/prosody/../shadow": "secret", "/etc/prosody/x\x00": "no absolute name",
	} {
		f, found, err := tr.Read(name)
		switch {
		case err != nil && (want == "" || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %q", name, err, want)
		case err == nil && (f.Text != want || found != (want != "")):
			t.Errorf("%s: %q, want %q", name, f.Text, want)
		case want == "host" && f.Path != "/etc/prosody/conf.avail/h.lua":
			t.Errorf("%s is %s", name, f.Path)
		}
	}
}

// TestReplace: the file keeps its owner and mode, others keep their links to it, and nothing is left beside it.
func TestReplace(t *testing.T) {
	tr, dir := tree(t, map[string]string{"etc/a/file": "old", "etc/a/link": "->file"})
	file := filepath.Join(dir, "etc/a/file")
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	owner := os.Geteuid()
	if owner == 0 {
		owner = 12345
		if err := os.Chown(file, owner, 12346); err != nil {
			t.Fatal(err)
		}
	}
	if err := tr.Replace("/etc/a/file", "another", "new"); !errors.Is(err, ErrChanged) {
		t.Errorf("a file that has changed: %v", err)
	}
	if err := tr.Replace("/etc/a/file", "old", "new"); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil || string(text) != "new" {
		t.Errorf("%q, %v", text, err)
	}
	info, err := os.Lstat(file)
	if err != nil || info.Mode() != 0o640 || int(info.Sys().(*syscall.Stat_t).Uid) != owner {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if info, err := os.Lstat(filepath.Join(dir, "etc/a/link")); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link: %v", err)
	}
	if names := tr.List("/etc/a"); len(names) != 2 {
		t.Errorf("the folder has %v", names)
	}
}

// TestLinkInBetween: a folder that becomes a link after its name was read leads to nothing else, also if that has the
// same text.
func TestLinkInBetween(t *testing.T) {
	tr, dir := tree(t, map[string]string{"etc/p/avail/h.lua": "old", "etc/other/h.lua": "old"})
	folder, kept := filepath.Join(dir, "etc/p/avail"), filepath.Join(dir, "etc/p/kept")
	swap := func() {
		if err := errors.Join(os.Rename(folder, kept), os.Symlink("../other", folder)); err != nil {
			t.Error(err)
		}
	}
	back := func() {
		if err := errors.Join(os.Remove(folder), os.Rename(kept, folder)); err != nil {
			t.Error(err)
		}
	}
	other := filepath.Join(dir, "etc/other")
	swap()
	me := Owner{os.Geteuid(), os.Getegid()}
	for what, err := range map[string]error{
		"replace": tr.Replace("/etc/p/avail/h.lua", "old", "new"), "remove": tr.Remove("/etc/p/avail/h.lua", "old"),
		"create": tr.Create("/etc/p/avail/new", "x", me, 0o600), "folder": tr.Folder("/etc/p/avail/sub/x", me, 0o700),
	} {
		if err == nil {
			t.Errorf("%s went through a link", what)
		}
	}
	back()
	done := make(chan struct{})
	go func() { // who owns the folder above swaps it all the time
		defer close(done)
		for range 2000 {
			swap()
			back()
		}
	}()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
			_ = tr.Replace("/etc/p/avail/h.lua", "old", "new")
			_ = tr.Replace("/etc/p/avail/h.lua", "new", "old")
			_ = tr.Create("/etc/p/avail/new", "x", me, 0o600)
		}
	}
	names, err := os.ReadDir(other)
	text, readErr := os.ReadFile(filepath.Join(other, "h.lua"))
	if err != nil || readErr != nil || len(names) != 1 || string(text) != "old" {
		t.Errorf("the other folder has %v, and its file %q: %v, %v", names, text, err, readErr)
	}
}

// TestCreate: what is there is never overwritten, be it a file or a link to nowhere.
func TestCreate(t *testing.T) {
	tr, dir := tree(t, map[string]string{"etc/a/there": "x", "etc/a/link": "->nowhere", "etc/out": "->" + t.TempDir()})
	me := Owner{os.Geteuid(), os.Getegid()}
	if err := tr.Create("/etc/a/new", "text", me, 0o640); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "etc/a/new"))
	if err != nil || info.Mode() != 0o640 {
		t.Errorf("%v, %v", info, err)
	}
	for _, name := range []string{"/etc/a/there", "/etc/a/link", "/etc/a/new", "/etc/out/new", "/none/new"} {
		if err := tr.Create(name, "text", me, 0o640); err == nil {
			t.Errorf("%s was made", name)
		}
	}
	if names := tr.List("/etc/a"); len(names) != 3 {
		t.Errorf("the folder has %v", names)
	}
	if err := tr.Remove("/etc/a/new", "another text"); !errors.Is(err, ErrChanged) {
		t.Errorf("a file with another text: %v", err)
	}
	if err := tr.Remove("/etc/a/new", "text"); err != nil {
		t.Error(err)
	}
}

// TestStore: runs come back in order, their folder is closed to others, and one that others could have written is not
// believed.
func TestStore(t *testing.T) {
	tr, dir := tree(t, map[string]string{"var/lib/x": ""})
	me := Owner{os.Geteuid(), os.Getegid()}
	if _, err := tr.Store(me, false); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no store yet: %v", err)
	}
	s, err := tr.Store(me, true)
	if err != nil {
		t.Fatal(err)
	}
	for range 11 {
		r := Run{Time: time.Unix(0, 0), Files: []Saved{{Path: "/etc/a/b", Was: "was", Now: "now"}, {Path: "/etc/c", Made: true}}}
		if _, err := s.Save(r); err != nil {
			t.Fatal(err)
		}
	}
	runs, err := s.Runs()
	if err != nil || len(runs) != 11 || runs[10].Number != 11 || runs[10].Files[0].Was != "was" {
		t.Errorf("%v, %v", runs, err)
	}
	folder := filepath.Join(dir, "var/lib/usher/setup")
	for name, mode := range map[string]fs.FileMode{folder: 0o700, folder + "/1.json": 0o600, folder + "/11_etc_a_b": 0o600} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, r := range runs {
		if err := s.Forget(r); err != nil {
			t.Error(err)
		}
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("%v are left, %v", left, err)
	}
	if err := os.Chmod(folder, 0o770); err != nil {
		t.Fatal(err)
	}
	if _, err := tr.Store(me, false); err == nil {
		t.Error("a folder that others can write to is believed")
	}
}

// TestUsers: numbers come from the tree's own files.
func TestUsers(t *testing.T) {
	tr, _ := tree(t, map[string]string{
		"etc/passwd": "root:x:0:0::/:\nusher:x:995:994::/:\nodd:x:a:b::\nshort:x\nprosody:x:104:105::/:\nin:x:7:994::/:\n",
		"etc/group":  "usher:x:994:prosody,x\nodd:x\n",
	})
	if u, ok := tr.User("usher"); !ok || u != (Owner{995, 994}) {
		t.Errorf("%v %v", u, ok)
	}
	for _, name := range []string{"odd", "short", "none"} {
		if u, ok := tr.User(name); ok {
			t.Errorf("%s is %v", name, u)
		}
	}
	for name, want := range map[string]bool{"prosody": true, "in": true, "root": false, "none": false} {
		if got := tr.IsMember(name, "usher"); got != want {
			t.Errorf("%s is in the group: %v", name, got)
		}
	}
}
