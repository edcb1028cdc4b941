package unitfile

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func put(t *testing.T, root, name, text string) {
	t.Helper()
	path := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestFind: the first folder's unit counts, drop-ins of all folders come after it in the order of their names, and an
// empty value forgets those before it (systemd.unit(5)).
func TestFind(t *testing.T) {
	root := t.TempDir()
	folders := Folders(root)
	if _, found := Find(folders, "a.service"); found {
		t.Error("a unit that is not there")
	}
	put(t, root, "usr/lib/systemd/system/a.service", "[Unit]\nAfter=x\n# no\n; no\n[Service]\nType = notify\nType=exec\n"+
		"RuntimeDirectory=a \\\n# between\n  b\nEnvironment=A=1\nPrivateTmp=Yes\n")
	put(t, root, "lib/systemd/system/a.service", "[Service]\nType=oneshot\n")
	put(t, root, "usr/lib/systemd/system/a.service.d/20.conf", "[Service]\nEnvironment=\nEnvironment=B=2\n")
	put(t, root, "etc/systemd/system/a.service.d/10.conf", "[Service]\nEnvironment=C=3\n")
	put(t, root, "etc/systemd/system/a.service.d/30.conf", "[Service]\nUser=first\n")
	put(t, root, "lib/systemd/system/a.service.d/30.conf", "[Service]\nUser=hidden\nGroup=hidden\n")
	u, found := Find(folders, "a.service")
	if !found || u.Path != filepath.Join(root, "usr/lib/systemd/system/a.service") {
		t.Fatalf("%+v, %v", u, found)
	}
	for key, want := range map[string][]string{
		"Service.Type": {"notify", "exec"}, "Service.RuntimeDirectory": {"a    b"}, "Service.Environment": {"B=2"},
		"Service.User": {"first"}, "Service.Group": nil, "Unit.After": {"x"}, "Unit.Type": nil,
	} {
		if got := u.All(key); strings.Join(strings.Fields(strings.Join(got, "|")), " ") !=
			strings.Join(strings.Fields(strings.Join(want, "|")), " ") {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
	if u.Last("Service.Type", "") != "exec" || u.Last("Service.None", "x") != "x" || !u.On("Service.PrivateTmp") ||
		u.On("Service.Type") || !slices.Equal(u.Words("Service.RuntimeDirectory"), []string{"a", "b"}) {
		t.Errorf("%+v", u)
	}
	put(t, root, "etc/systemd/system/a.service", "")
	if _, found := Find(folders, "a.service"); found {
		t.Error("a unit that is masked")
	}
	if Enabled(folders, "a.service") {
		t.Error("nobody starts it")
	}
	put(t, root, "usr/lib/systemd/system/b.target.wants/a.service", "")
	if !Enabled(folders, "a.service") {
		t.Error("a target wants it")
	}
}

// FuzzAdd: what is written as a unit is read as it was written, whatever stands before it, and nothing is made up.
func FuzzAdd(f *testing.F) {
	f.Add("[Service]\nType=x\n")
	f.Add("[Unit\nA=\\\n")
	f.Add("=\n[]\n==\n\\")
	f.Fuzz(func(t *testing.T, before string) {
		u := Unit{values: map[string][]string{}}
		u.add(before + "\n\n[Fuzz]\nKey=\nKey=value\n")
		continued := strings.HasSuffix(strings.TrimSpace(lastLine(before)), `\`)
		if got := u.Last("Fuzz.Key", ""); got != "value" && !continued {
			t.Errorf("%q", got)
		}
		for key, values := range u.values {
			for _, v := range values {
				if v == "" || v != strings.TrimSpace(v) {
					t.Errorf("%s is %q", key, v)
				}
			}
		}
	})
}

func lastLine(s string) string { return s[strings.LastIndex(s, "\n")+1:] }
