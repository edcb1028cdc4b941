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
	if out := m.run(t, "systemctl list-unit-files --no-legend 'usher*' || true"); strings.TrimSpace(out) != "" {
		t.Errorf("units: %s", out)
	}
}

// besideJitsi: where Jitsi is, the configuration is left to usher setup jitsi, and nothing is started.
func (m *machine) besideJitsi(t *testing.T, d deb) {
	m.run(t, "rm -r /etc/usher; mkdir -p /etc/jitsi/meet")
	said := ownWords(m.install(t, d))
	if !strings.Contains(said, "usher setup jitsi") {
		t.Errorf("apt said %s", said)
	}
	if have := m.run(t, "ls -A /etc/usher; ls /etc/systemd/system/*.wants | grep usher || true"); have != "" {
		t.Errorf("there is\n%s", have)
	}
	if pid := m.pid(t); pid != "0" {
		t.Errorf("usher runs as %s", pid)
	}
	m.run(t, "apt-get purge usher; rm -r /etc/jitsi; test ! -e /etc/usher")
}

// ownConfiguration: a configuration that was there stays as it is, to the owner, also where it is wrong; nothing is
// started with it then.
func (m *machine) ownConfiguration(t *testing.T, d deb) {
	m.run(t, "mkdir /etc/usher; printf 'hosts: {}\n' > /etc/usher/usher.yaml; chmod 0644 /etc/usher/usher.yaml")
	look := "stat -c '%a %U %G %Y' /etc/usher /etc/usher/usher.yaml; cat /etc/usher/usher.yaml"
	before := m.run(t, look)
	said := ownWords(m.install(t, d))
	if !strings.Contains(said, "not started") {
		t.Errorf("apt said %s", said)
	}
	m.run(t, "rm /etc/usher/*.secret")
	m.run(t, "dpkg-reconfigure usher")
	if out, err := m.try("ls /etc/usher/*.secret 2>/dev/null"); err == nil {
		t.Errorf("secrets that were taken away are back: %s", out)
	}
	m.run(t, "apt-get purge usher")
	after := m.run(t, look)
	if _, now, _ := strings.Cut(after, "\n"); !strings.HasSuffix(before, now) {
		t.Errorf("of\n%s\nit made\n%s", before, after)
	}
	m.run(t, "rm -r /etc/usher")
}

// serverAfterwards: a server that is installed after usher comes into its group.
func (m *machine) serverAfterwards(t *testing.T) {
	m.run(t, "apt-get purge prosody prosody-modules; userdel prosody || true; gpasswd -d prosody usher || true")
	m.run(t, "apt-get install --no-install-recommends ./usher_*.deb")
	before := m.pid(t)
	t.Log(ownWords(m.run(t, "apt-get install prosody")))
	if groups := m.run(t, "id -nG prosody"); !strings.Contains(" "+strings.TrimSpace(groups)+" ", " usher ") {
		t.Errorf("the user prosody is in the groups %s", groups)
	}
	if m.pid(t) == before {
		t.Error("usher has not looked for the user again")
	}
}
