//go:build boot

package install

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A deb is a package file, and the version in it.
type deb struct{ file, version string }

var given = flag.String("deb", "", "the package `FILE` to try; without it that of this tree is built")

// build makes the package of this tree, unless one is given.
func build(t *testing.T) deb {
	t.Helper()
	if *given != "" {
		return deb{*given, strings.Split(filepath.Base(*given), "_")[1]}
	}
	out, err := exec.CommandContext(t.Context(), "../../scripts/deb.sh", t.TempDir()).Output()
	if err != nil {
		t.Fatalf("scripts/deb.sh: %v", err)
	}
	file := strings.TrimSpace(string(out))
	return deb{file, strings.Split(filepath.Base(file), "_")[1]}
}

// again makes the same package with something added to its version, and with other changes, by a script in its folder.
func (d deb) again(t *testing.T, more, script string) deb {
	t.Helper()
	tree := filepath.Join(t.TempDir(), "tree")
	next := deb{filepath.Join(filepath.Dir(tree), "usher_again.deb"), d.version + more}
	run := exec.CommandContext(t.Context(), "/bin/sh", "-ec", `dpkg-deb --raw-extract "$1" "$2"
		sed -i "s/^Version: .*/Version: $3/" "$2/DEBIAN/control"; cd "$2"; `+script+`
		dpkg-deb --root-owner-group -Znone --build "$2" "$4"`, "sh", d.file, tree, next.version, next.file)
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("making %s: %v\n%s", next.version, err, out)
	}
	return next
}

// put copies a package into the machine's /root, as the only one there.
func (m *machine) put(t *testing.T, d deb) {
	t.Helper()
	m.run(t, "rm -f /root/usher_*.deb")
	text, err := os.ReadFile(d.file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(m.dir, "root", "usher_"+d.version+"_test.deb"), text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// install installs a package over what is there, older or newer, and returns what apt says.
func (m *machine) install(t *testing.T, d deb) string {
	t.Helper()
	m.put(t, d)
	said := m.run(t, "apt-get install --allow-downgrades ./usher_*.deb")
	if have := m.run(t, "dpkg-query -W -f '${Version} ${db:Status-Status}' usher"); have != d.version+" installed" {
		t.Fatalf("installed is %s, not %s:\n%s", have, d.version, said)
	}
	return said
}

// pid is the daemon's main process; 0 if it does not run.
func (m *machine) pid(t *testing.T) string {
	t.Helper()
	return strings.TrimSpace(m.run(t, "systemctl show -P MainPID usher.service"))
}
