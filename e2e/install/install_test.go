//go:build boot

package install

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// host is the one in the lines of the README.
const host = "chat.example.org"

// maxLines is from how many pasted lines on the first login has to work.
const maxLines = 6

// TestMachine follows one machine from the package's first installation to its purge.
func TestMachine(t *testing.T) {
	first := build(t)
	m := newMachine(t)
	m.run(t, `echo 'APT::Get::Assume-Yes "true";' > /etc/apt/apt.conf.d/yes`)
	m.certificate(t)
	m.put(t, first)
	token := ""
	for _, step := range []struct {
		name string
		do   func(t *testing.T)
	}{
		{"Lines", func(t *testing.T) { token = m.firstLogin(t) }},
		{"Files", m.files},
		{"Hardening", m.hardening},
		{"Reload", func(t *testing.T) { m.reload(t, token) }},
		{"Restarts", func(t *testing.T) { m.restarts(t, token) }},
		{"Upgrades", func(t *testing.T) { m.upgrades(t, first, token) }},
		{"RefusedUpgrade", func(t *testing.T) { m.refusedUpgrade(t, first, token) }},
		{"Downgrade", func(t *testing.T) { m.downgrade(t, first, token) }},
		{"Killed", func(t *testing.T) { m.killed(t, token) }},
		{"Stopped", func(t *testing.T) { m.stopped(t, token) }},
		{"FullDisk", func(t *testing.T) { m.fullDisk(t, token) }},
		{"Reboot", func(t *testing.T) { m.rebooted(t, token) }},
		{"Remove", func(t *testing.T) { m.removed(t, first, token) }},
		{"Purge", m.purged},
		{"BesideJitsi", func(t *testing.T) { m.besideJitsi(t, first) }},
		{"OwnConfiguration", func(t *testing.T) { m.ownConfiguration(t, first) }},
		{"ServerAfterwards", m.serverAfterwards},
	} {
		if !t.Run(step.name, step.do) {
			t.Logf("usher's last words:\n%s", m.run(t, "journalctl -u usher.service -n 30 --no-pager || true"))
			t.FailNow() // what follows stands on it
		}
	}
}

// lines are those that the README pastes from the package to the first login, without their comments.
func lines(t *testing.T) []string {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for block := range strings.SplitSeq(string(readme), "```sh\n") {
		block, _, _ = strings.Cut(block, "```")
		if !strings.HasPrefix(block, "apt install ./usher_") {
			continue
		}
		var found []string
		for line := range strings.Lines(block) {
			line, _, _ = strings.Cut(line, " # ")
			found = append(found, strings.TrimSpace(line))
		}
		return found
	}
	t.Fatal("the README has no block that begins with the package")
	return nil
}

// firstLogin runs the README's lines as they stand; the last prints the token that logs in.
func (m *machine) firstLogin(t *testing.T) (token string) {
	pasted := lines(t)
	if len(pasted) > maxLines {
		t.Errorf("%d lines, more than %d", len(pasted), maxLines)
	}
	said := ""
	for i, line := range pasted {
		said = m.run(t, line)
		if i < len(pasted)-1 {
			t.Logf("$ %s\n%s", line, ownWords(said))
		}
	}
	token = strings.TrimSpace(said)
	if !regexp.MustCompile(`^[\w-]+\.[\w-]+\.[\w-]+$`).MatchString(token) {
		t.Fatalf("the last line printed no token, but %d bytes", len(token))
	}
	if err := m.eventually(t, "alice", token); err != nil { // systemctl restart does not wait for Prosody
		t.Fatal(err)
	}
	if err := m.login(t.Context(), "alice", token[:len(token)-8]+"AAAAAAAA"); err == nil {
		t.Error("a forged token logged in")
	}
	t.Logf("%d lines to the first login", len(pasted))
	t.Logf("usher status:\n%s", m.run(t, "usher status"))
	return token
}

// ownWords are the lines of a text that usher's package said, and not apt.
func ownWords(text string) string {
	var own []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "usher: ") {
			own = append(own, line)
		}
	}
	return strings.Join(own, "")
}

// files: what the package installed and made belongs to whom, and may be read by whom, as it should.
func (m *machine) files(t *testing.T) {
	have := m.run(t, "cd /; stat -c '%a %U %G %n' etc/usher etc/usher/* run/usher run/usher/auth.sock var/lib/usher "+
		"usr/bin/usher")
	want := `750 root usher etc/usher
640 root usher etc/usher/component.secret
640 root usher etc/usher/http.secret
640 root usher etc/usher/my-app.secret
640 root usher etc/usher/usher.yaml
750 usher usher run/usher
660 usher usher run/usher/auth.sock
700 usher usher var/lib/usher
755 root root usr/bin/usher
`
	if have != want {
		t.Errorf("the files are\n%swant\n%s", have, want)
	}
	// Prosody's package came in the same installation, and its user after usher.
	if group := m.run(t, "systemctl show -P SupplementaryGroups prosody.service"); group != "usher\n" {
		t.Errorf("prosody.service has the group %q", group)
	}
	if out := m.run(t, "systemctl is-enabled usher.service usher.socket"); out != "enabled\nenabled\n" {
		t.Errorf("the units are %s", out)
	}
	out, _ := m.try("systemctl is-enabled usher-http.socket usher-gateway.socket")
	if out != "disabled\ndisabled\n" {
		t.Errorf("sockets that nobody asked for: %s", out)
	}
	m.run(t, "dpkg --verify usher")
	out = m.run(t, "for page in /usr/share/man/man1/usher*; do man --warnings -l $page 2>&1 >/dev/null; done")
	if out != "" {
		t.Errorf("the manual pages: %s", out)
	}
	// This systemd does not know the type of newer ones, and says so: the unit has both.
	out, _ = m.try("systemd-analyze verify /usr/lib/systemd/system/usher* 2>&1 | grep usher | grep -v notify-reload")
	if out != "" {
		t.Errorf("systemd-analyze verify: %s", out)
	}
}

// hardening: systemd's own score.
func (m *machine) hardening(t *testing.T) {
	out, err := m.try("systemd-analyze security --no-pager --threshold=15 usher.service")
	last := out[strings.LastIndex(strings.TrimSpace(out), "\n")+1:]
	if err != nil {
		t.Errorf("more than 1.5: %v", err)
	}
	t.Log(strings.TrimSpace(last))
}
