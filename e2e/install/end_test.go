//go:build boot

package install

import (
	"strings"
	"testing"
)

// removed: a removal keeps configuration, secrets and state, and an installation finds them again.
func (m *machine) removed(t *testing.T, again deb, token string) {
	sums := "cd /etc/usher && sha256sum *"
	before := m.run(t, sums)
	t.Log(ownWords(m.run(t, "apt-get remove usher")))
	for _, gone := range []string{"/usr/bin/usher", "/usr/lib/systemd/system/usher.service", "/run/usher/auth.sock"} {
		if out, err := m.try("test -e " + gone); err == nil {
			t.Errorf("%s is still there %s", gone, out)
		}
	}
	if out, err := m.try("pgrep -u usher"); err == nil {
		t.Errorf("usher still runs: %s", out)
	}
	if after := m.run(t, sums); after != before {
		t.Errorf("after the removal:\n%s", after)
	}
	m.run(t, "test -e /var/lib/usher/usher.db")

	m.install(t, again)
	if groups := m.run(t, "id -nG prosody"); !strings.Contains(" "+strings.TrimSpace(groups)+" ", " usher ") {
		t.Errorf("the user prosody is in the groups %s", groups)
	}
	if after := m.run(t, sums); after != before {
		t.Errorf("after it came back:\n%s", after)
	}
	m.run(t, "systemctl restart prosody")
	if err := m.eventually(t, "alice", token); err != nil {
		t.Errorf("after it came back: %v", err)
	}
}

// purged: a purge takes away the state and what nobody has changed, and nothing else.
func (m *machine) purged(t *testing.T) {
	m.run(t, "echo mine > /etc/usher/own.secret; echo 0123456789abcdef0123456789abcdef > /etc/usher/my-app.secret")
	t.Log(ownWords(m.run(t, "apt-get purge usher")))
	have := m.run(t, "ls /etc/usher; ls -d /var/lib/usher /run/usher 2>/dev/null || true")
	// The configuration has been changed by the lines of the README, and the application's secret just now.
	if want := "my-app.secret\nown.secret\nusher.yaml\n"; have != want {
		t.Errorf("after the purge there are\n%s", have)
	}
	if out := m.run(t, "systemctl list-unit-files --no-legend 'usher*'"); strings.TrimSpace(out) != "" {
		t.Errorf("units: %s", out)
	}
}
