package apply

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"usher/internal/setup"
)

const packages = "hosts: the package's\n"

// replacing is a plan that replaces what the package wrote, on a machine that has it.
func replacing(t *testing.T, dir string) *setup.Plan {
	t.Helper()
	for name, text := range map[string]string{"usher.yaml": packages, "my-app.secret": "package's secret\n"} {
		file := filepath.Join(dir, "etc/usher", name)
		put(t, file, text)
		if err := os.Chmod(file, 0o640); err != nil {
			t.Fatal(err)
		}
	}
	p := aPlan()
	p.Changes[1].Made, p.Changes[1].Old = false, packages
	p.Changes = append(p.Changes, setup.Change{Path: "/etc/usher/my-app.secret", Old: "package's secret\n",
		New: "prosody's secret\n", Hidden: true, Of: setup.Usher})
	return p
}

// TestReplacePackages: the package's files are replaced with a copy kept, and given back; usher goes on with them.
func TestReplacePackages(t *testing.T) {
	m := &machine{}
	w, dir, out := writer(t, m)
	p := replacing(t, dir)
	was := content(t, dir)
	if err := w.Write(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	now := content(t, dir)
	if now["/etc/usher/usher.yaml"] != "-rw-r----- hosts:\n" ||
		now["/etc/usher/my-app.secret"] != "-rw-r----- prosody's secret\n" {
		t.Errorf("%q", now)
	}
	copied, err := os.ReadFile(filepath.Join(dir, "var/lib/usher/setup/1_etc_usher_usher.yaml"))
	if err != nil || string(copied) != packages {
		t.Errorf("the copy: %q, %v", copied, err)
	}
	m.ran = nil
	if err := w.Undo(t.Context()); err != nil || !maps.Equal(content(t, dir), was) {
		t.Errorf("%v, %q", err, content(t, dir))
	}
	if len(m.ran) == 0 || m.ran[len(m.ran)-1] != "systemctl restart usher" ||
		slices.Contains(m.ran, "systemctl disable --now usher") {
		t.Errorf("ran %q", m.ran)
	}
	if strings.Contains(out.String(), "s secret") {
		t.Errorf("a secret is shown:\n%s", out)
	}
}

// TestReplacedAndChanged: a usher.yaml that took the package's place and was changed since stays, with its secrets, and
// Jitsi's files are given back all the same.
func TestReplacedAndChanged(t *testing.T) {
	m := &machine{}
	w, dir, out := writer(t, m)
	if err := w.Write(t.Context(), replacing(t, dir)); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "etc/usher/usher.yaml"), "hosts: mine\n")
	if err := w.Undo(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := content(t, dir)
	if got["/etc/usher/usher.yaml"] != "-rw-r----- hosts: mine\n" ||
		got["/etc/usher/my-app.secret"] != "-rw-r----- prosody's secret\n" || got["/etc/usher/inner.pem"] == "" || got["/etc/nginx/site.conf"] != "-rw-r--r-- "+site {
		t.Errorf("%q", got)
	}
	if m.ran[len(m.ran)-1] != "systemctl disable --now usher" || !strings.Contains(out.String(), "it stays") {
		t.Errorf("ran %q\n%s", m.ran, out)
	}
}

// TestReplaceFails: a run that goes wrong gives the package's files back, and has usher go on with them; a file that
// was changed after the plan was made is not replaced.
func TestReplaceFails(t *testing.T) {
	m := &machine{fails: map[string]int{"nginx -t": 2}}
	w, dir, _ := writer(t, m)
	p := replacing(t, dir)
	was := content(t, dir)
	if err := w.Write(t.Context(), p); err == nil || !maps.Equal(content(t, dir), was) {
		t.Errorf("%v, %q", err, content(t, dir))
	}
	if m.ran[len(m.ran)-1] != "systemctl restart usher" || slices.Contains(m.ran, "systemctl disable --now usher") {
		t.Errorf("ran %q", m.ran)
	}
	put(t, filepath.Join(dir, "etc/usher/usher.yaml"), packages+"# mine\n")
	err := w.Write(t.Context(), p)
	if got := content(t, dir); err == nil || got["/etc/usher/usher.yaml"] != "-rw-r----- "+packages+"# mine\n" {
		t.Errorf("%v, %q", err, got)
	}
}

// TestPackageAgain: the package's file came back between two runs. Taking both back leaves it.
func TestPackageAgain(t *testing.T) {
	w, dir, _ := writer(t, nil)
	p := replacing(t, dir)
	was := content(t, dir)
	if err := w.Write(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "etc/usher/usher.yaml"), packages)
	second := &setup.Plan{Changes: []setup.Change{
		{Path: "/etc/usher/usher.yaml", Old: packages, New: "hosts: 2\n", Of: setup.Usher}}}
	if err := w.Write(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	if err := w.Undo(t.Context()); err != nil || !maps.Equal(content(t, dir), was) {
		t.Errorf("%v, %q", err, content(t, dir))
	}
}

// TestStartedAfterwards: a run that left lines to a person has written usher's files and not started it. The next one
// does, before a browser is led there.
func TestStartedAfterwards(t *testing.T) {
	m := &machine{}
	w, dir, _ := writer(t, m)
	p := replacing(t, dir)
	p.ByHand = []setup.ByHand{{Of: setup.Prosody}}
	if err := w.Write(t.Context(), p); err != nil || len(m.ran) > 0 {
		t.Fatalf("%v, ran %q", err, m.ran)
	}
	rest := &setup.Plan{Changes: []setup.Change{{Path: "/etc/nginx/site.conf", Old: site, New: sited, Of: setup.Nginx}}}
	if err := w.Write(t.Context(), rest); err != nil {
		t.Fatal(err)
	}
	started, led := slices.Index(m.ran, "systemctl restart usher"), slices.Index(m.ran, "systemctl reload nginx")
	if started < 0 || led < started || Commands(rest)[1] != "systemctl restart usher" {
		t.Errorf("ran %q, said %q", m.ran, Commands(rest))
	}
}
