package apply

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/internal/setup"
	"usher/internal/setup/disk"
)

const (
	site   = "upstream prosody {\n    server 127.0.0.1:5280;\n}\n"
	sited  = "upstream prosody {\n    server 127.0.0.1:8281;\n}\n"
	jicofo = "jicofo {\n}\n"
)

// A machine says what it is told to, and remembers what was run.
type machine struct {
	ran   []string
	fails map[string]int // a command, and from which time on it fails
	check error
}

func (m *machine) Run(_ context.Context, name string, args ...string) (string, error) {
	line := strings.Join(append([]string{name}, args...), " ")
	n := 1
	for _, ran := range m.ran {
		if ran == line {
			n++
		}
	}
	m.ran = append(m.ran, line)
	if from, fails := m.fails[line]; fails && n >= from {
		return "said why", errors.New("exit status 1")
	}
	return "", nil
}

func (m *machine) Check() error { return m.check }

// writer is one over a folder with Jitsi's files.
func writer(t *testing.T, m Machine) (*Writer, string, *strings.Builder) {
	t.Helper()
	dir := t.TempDir()
	me := fmt.Sprintf("x:%d:%d::/:\n", os.Geteuid(), os.Getegid())
	for name, text := range map[string]string{
		"etc/passwd":                   "usher:" + me + "prosody:" + me,
		"etc/group":                    fmt.Sprintf("usher:x:%d:prosody\n", os.Getegid()),
		"etc/nginx/site.conf":          site,
		"etc/jitsi/jicofo/jicofo.conf": jicofo,
		"var/lib/x":                    "",
	} {
		put(t, filepath.Join(dir, name), text)
	}
	tree, err := disk.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tree.Close() })
	out := &strings.Builder{}
	return &Writer{Tree: tree, Machine: m, Out: out, Now: time.Now}, dir, out
}

func put(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func aPlan() *setup.Plan {
	return &setup.Plan{Host: "meet.example.com", Changes: []setup.Change{
		{Path: "/etc/usher/inner.pem", New: "private\n", Made: true, Hidden: true, Of: setup.Usher},
		{Path: "/etc/usher/usher.yaml", New: "hosts:\n", Made: true, Of: setup.Usher},
		{Path: "/etc/jitsi/jicofo/jicofo.conf", Old: jicofo, New: jicofo + "x = false\n", Of: setup.Jicofo},
		{Path: "/etc/nginx/site.conf", Old: site, New: sited, Of: setup.Nginx},
	}}
}

// content is everything below etc, to compare.
func content(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(filepath.Join(dir, "etc"), func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		info, _ := d.Info()
		all[strings.TrimPrefix(name, dir)] = info.Mode().String() + " " + string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestWriteAndUndo: usher is started before anything of Jitsi's is changed, browsers are led there last, and undo gives
// back the same bytes.
func TestWriteAndUndo(t *testing.T) {
	m := &machine{}
	w, dir, _ := writer(t, m)
	was := content(t, dir)
	if err := w.Write(t.Context(), aPlan()); err != nil {
		t.Fatal(err)
	}
	now := content(t, dir)
	if now["/etc/usher/inner.pem"] != "-rw-r----- private\n" || now["/etc/nginx/site.conf"] != "-rw-r--r-- "+sited {
		t.Errorf("%q", now)
	}
	if info, err := os.Stat(filepath.Join(dir, "etc/usher")); err != nil || info.Mode().Perm() != 0o750 {
		t.Errorf("%v, %v", info, err)
	}
	if info, err := os.Stat(filepath.Join(dir, "var/lib/usher")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info, err)
	}
	want := []string{"systemctl enable usher", "systemctl restart usher", "prosodyctl check config", "nginx -t",
		"prosodyctl check config", "nginx -t", "systemctl restart jicofo", "systemctl reload nginx"}
	if !slices.Equal(m.ran, want) {
		t.Errorf("ran %q", m.ran)
	}
	m.ran = nil
	if err := w.Undo(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := content(t, dir); !maps.Equal(got, was) {
		t.Errorf("taken back it is %q", got)
	}
	if !slices.Equal(m.ran, []string{"systemctl restart jicofo", "systemctl reload nginx", "systemctl disable --now usher"}) {
		t.Errorf("ran %q", m.ran)
	}
	if err := w.Undo(t.Context()); err != nil || !maps.Equal(content(t, dir), was) {
		t.Errorf("a second time: %v", err)
	}
}

// TestFailures: whatever fails before programs are restarted, everything is as it was, and nothing is kept.
func TestFailures(t *testing.T) {
	for name, c := range map[string]struct {
		m    *machine
		want string
	}{
		"usher's configuration":          {&machine{check: errors.New("line 1")}, "line 1"},
		"usher does not start":           {&machine{fails: map[string]int{"systemctl restart usher": 1}}, "said why"},
		"Prosody does not take its file": {&machine{fails: map[string]int{"prosodyctl check config": 2}}, "said why"},
		"nginx does not take its file":   {&machine{fails: map[string]int{"nginx -t": 2}}, "said why"},
	} {
		t.Run(name, func(t *testing.T) {
			w, dir, _ := writer(t, c.m)
			was := content(t, dir)
			if err := w.Write(t.Context(), aPlan()); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
			if got := content(t, dir); !maps.Equal(got, was) {
				t.Errorf("it is %q", got)
			}
			if slices.Contains(c.m.ran, "systemctl reload nginx") {
				t.Errorf("ran %q", c.m.ran)
			}
			if left, err := os.ReadDir(filepath.Join(dir, "var/lib/usher/setup")); err != nil || len(left) > 0 {
				t.Errorf("%v are kept, %v", left, err)
			}
		})
	}
}

// TestChecksBefore: what was wrong before is told, and stops nothing.
func TestChecksBefore(t *testing.T) {
	w, dir, out := writer(t, &machine{fails: map[string]int{"prosodyctl check config": 1}})
	if err := w.Write(t.Context(), aPlan()); err != nil || !strings.Contains(out.String(), "said why") {
		t.Errorf("%v\n%s", err, out)
	}
	if got := content(t, dir)["/etc/nginx/site.conf"]; got != "-rw-r--r-- "+sited {
		t.Errorf("%q", got)
	}
}

// TestBlocked: where lines are left to a person, only usher's own files are written, and nothing is run.
func TestBlocked(t *testing.T) {
	m := &machine{}
	w, dir, _ := writer(t, m)
	p := aPlan()
	p.ByHand = []setup.ByHand{{Of: setup.Prosody}}
	if err := w.Write(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	got := content(t, dir)
	if got["/etc/nginx/site.conf"] != "-rw-r--r-- "+site || got["/etc/usher/inner.pem"] == "" || len(m.ran) > 0 {
		t.Errorf("%q, ran %q", got, m.ran)
	}
}

// TestUndoLater: what others changed elsewhere in the files stays, a usher.yaml with changes stays with the
// keys that it names, so that writing again begins with them; and where the written lines are gone, nothing at all is changed and the diff is printed, without secrets.
func TestUndoLater(t *testing.T) {
	w, dir, out := writer(t, nil)
	if err := w.Write(t.Context(), aPlan()); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "etc/nginx/site.conf"), "upstream prosody {\n    server 127.0.0.1:9999;\n}\n")
	before := content(t, dir)
	if err := w.Undo(t.Context()); !errors.Is(err, ErrOther) {
		t.Errorf("lines are gone: %v", err)
	}
	if !maps.Equal(content(t, dir), before) || !strings.Contains(out.String(), "+    server 127.0.0.1:5280;") ||
		strings.Contains(out.String(), "private") {
		t.Errorf("%s", out)
	}
	put(t, filepath.Join(dir, "etc/nginx/site.conf"), "# mine\n"+sited)
	put(t, filepath.Join(dir, "etc/usher/usher.yaml"), "hosts: mine\n")
	if err := w.Undo(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := content(t, dir)
	if got["/etc/nginx/site.conf"] != "-rw-r--r-- # mine\n"+site || !strings.HasSuffix(got["/etc/usher/usher.yaml"], " hosts: mine\n") ||
		!strings.HasSuffix(got["/etc/usher/inner.pem"], " private\n") || got["/etc/jitsi/jicofo/jicofo.conf"] != "-rw-r--r-- "+jicofo {
		t.Errorf("%q", got)
	}
	if want := "not run: systemctl disable --now usher\n"; !strings.HasSuffix(out.String(), want) {
		t.Errorf("no %q at the end of\n%s", want, out)
	}
}

// TestTwoRuns: undo takes back both, the last first.
func TestTwoRuns(t *testing.T) {
	w, dir, _ := writer(t, nil)
	was := content(t, dir)
	if err := w.Write(t.Context(), aPlan()); err != nil {
		t.Fatal(err)
	}
	second := &setup.Plan{Changes: []setup.Change{{Path: "/etc/nginx/site.conf", Old: sited, New: sited + "# more\n", Of: setup.Nginx}}}
	if err := w.Write(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	if err := w.Undo(t.Context()); err != nil || !maps.Equal(content(t, dir), was) {
		t.Errorf("%v, %q", err, content(t, dir))
	}
}

// TestUsers: without usher's user, or with a Prosody that could not read its secret, nothing is written.
func TestUsers(t *testing.T) {
	for file, want := range map[string]string{"etc/passwd": "no user and group", "etc/group": "adduser prosody usher"} {
		w, dir, _ := writer(t, nil)
		text := map[string]string{"etc/passwd": "root:x:0:0::/:\n", "etc/group": "usher:x:54321:\n"}[file]
		put(t, filepath.Join(dir, file), text)
		was := content(t, dir)
		if err := w.Lacks(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: looking says %v", file, err)
		}
		if err := w.Write(t.Context(), aPlan()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", file, err)
		}
		if !maps.Equal(content(t, dir), was) {
			t.Errorf("%s: something was written", file)
		}
	}
}
