//go:build boot

package install

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	restarts = 20
	upgrades = 3
)

// reload: a good configuration is taken, and one with a mistake refused by systemctl itself.
func (m *machine) reload(t *testing.T, token string) {
	pid := m.pid(t)
	m.run(t, "sed -i 's/audience: .jitsi./audience: [jitsi, other]/' /etc/usher/usher.yaml && systemctl reload usher")
	m.run(t, "cp /etc/usher/usher.yaml /root/good.yaml; printf 'hosts:\\n\\tx: {}\\n' > /etc/usher/usher.yaml")
	if out, err := m.try("systemctl reload usher"); err == nil {
		t.Errorf("a configuration with a TAB was taken: %s", out)
	}
	if err := m.login(t.Context(), "alice", token); err != nil {
		t.Errorf("after a reload that was refused: %v", err)
	}
	m.run(t, "cat /root/good.yaml > /etc/usher/usher.yaml && systemctl reload usher")
	if now := m.pid(t); now != pid {
		t.Errorf("a reload made process %s of %s", now, pid)
	}
}

func (m *machine) restarts(t *testing.T, token string) {
	l := m.during(t, "alice", token, func() {
		for range restarts {
			m.run(t, "systemctl reset-failed usher; systemctl restart usher") // five in ten seconds are otherwise the limit
			time.Sleep(300 * time.Millisecond)                                // for logins between two of them
		}
	})
	if len(l.lost) > 0 {
		t.Errorf("%d restarts lost %d of %d logins", restarts, len(l.lost), l.logins)
	}
}

func (m *machine) upgrades(t *testing.T, from deb, token string) {
	l := m.during(t, "alice", token, func() {
		for i := range upgrades {
			before := m.pid(t)
			m.install(t, from.again(t, "+"+strconv.Itoa(i+1), ""))
			if m.pid(t) == before {
				t.Errorf("upgrade %d has not restarted usher", i+1)
			}
		}
	})
	if len(l.lost) > 0 {
		t.Errorf("%d upgrades lost %d of %d logins", upgrades, len(l.lost), l.logins)
	}
}

// refusedUpgrade: a new program that finds a problem does not replace the one that runs.
func (m *machine) refusedUpgrade(t *testing.T, from deb, token string) {
	before := m.pid(t)
	m.run(t, "chmod 0600 /etc/usher/my-app.secret") // root's alone: usher's user cannot read it any more
	said := ownWords(m.install(t, from.again(t, "+8", "")))
	t.Log(said)
	if !strings.Contains(said, "the usher from before goes on") || m.pid(t) != before {
		t.Errorf("process %s after %s; apt said %s", m.pid(t), before, said)
	}
	if err := m.login(t.Context(), "alice", token); err != nil {
		t.Error(err)
	}
	m.run(t, "chmod 0640 /etc/usher/my-app.secret && systemctl restart usher")

	m.run(t, "systemctl stop usher.service usher.socket")
	m.install(t, from.again(t, "+9", ""))
	if pid := m.pid(t); pid != "0" {
		t.Errorf("an upgrade has started the usher that was stopped: %s", pid)
	}
	m.run(t, "systemctl start usher.socket usher.service")
}

func (m *machine) downgrade(t *testing.T, to deb, token string) {
	before := m.pid(t)
	m.install(t, to)
	if m.pid(t) == before {
		t.Error("a downgrade has not restarted usher")
	}
	if err := m.eventually(t, "alice", token); err != nil {
		t.Error(err)
	}
}

// killed: a kill costs a login for each connection of Prosody's, and no standstill.
func (m *machine) killed(t *testing.T, token string) {
	before := m.pid(t)
	l := m.during(t, "alice", token, func() {
		time.Sleep(300 * time.Millisecond)
		m.run(t, "kill -9 "+before)
		time.Sleep(3 * time.Second)
	})
	if m.pid(t) == before || m.pid(t) == "0" {
		t.Errorf("process %s after the kill of %s", m.pid(t), before)
	}
	if len(l.lost) > 3 { // of three people who log in at the same time
		t.Errorf("a kill lost %d logins", len(l.lost))
	}
}

// stopped: while usher is stopped its socket starts it for the next login; with that stopped, too, logins are refused.
func (m *machine) stopped(t *testing.T, token string) {
	m.run(t, "systemctl stop usher.service 2>/dev/null")
	out, err := m.try("usher status")
	t.Logf("usher status, stopped: %v\n%s", err, out)
	if err := m.eventually(t, "alice", token); err != nil {
		t.Errorf("with the socket: %v", err)
	}
	m.run(t, "systemctl stop usher.socket usher.service")
	began := time.Now()
	err = m.login(t.Context(), "alice", token)
	t.Logf("all stopped: a login ends after %v with: %v", time.Since(began).Round(time.Millisecond), err)
	if err == nil {
		t.Error("a login while usher and its socket were stopped")
	}
	// mod_auth_dovecot goes on using a socket on which connect failed once.
	m.run(t, "systemctl start usher.socket usher.service && systemctl restart prosody")
	if err := m.eventually(t, "alice", token); err != nil {
		t.Errorf("started again: %v", err)
	}
}

// fullDisk: with a state that cannot be written logins are temporary failures, and usher says why.
func (m *machine) fullDisk(t *testing.T, token string) {
	m.run(t, `systemctl stop usher.socket usher.service
		mount -t tmpfs -o size=4m,mode=0700,uid=$(id -u usher),gid=$(id -g usher) tmpfs /var/lib/usher
		systemctl start usher.socket usher.service && systemctl restart prosody`)
	if err := m.eventually(t, "alice", token); err != nil {
		t.Fatalf("with room: %v", err)
	}
	m.run(t, "dd if=/dev/zero of=/var/lib/usher/filling bs=4k 2>/dev/null || true")
	var err error
	for range 200 { // what is preallocated holds some of them
		if err = m.login(t.Context(), "alice", token); err != nil {
			break
		}
	}
	out, _ := m.try("usher status; journalctl -u usher.service -n 5 --no-pager -o cat")
	t.Logf("full: %v\n%s", err, out)
	m.run(t, "rm /var/lib/usher/filling")
	if err := m.eventually(t, "alice", token); err != nil {
		t.Errorf("with room again: %v", err)
	}
	m.run(t, `systemctl stop usher.socket usher.service && umount /var/lib/usher
		systemctl start usher.socket usher.service && systemctl restart prosody`)
}

// eventually logs in within ten seconds: a connection of Prosody's that was closed costs a login.
func (m *machine) eventually(t *testing.T, user, token string) (err error) {
	t.Helper()
	for limit := time.Now().Add(10 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		if err = m.login(t.Context(), user, token); err == nil || time.Now().After(limit) {
			return err
		}
	}
}

// rebooted: after a boot everything is there by itself, and the first login goes through.
func (m *machine) rebooted(t *testing.T, token string) {
	m.reboot(t)
	for limit := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		conn, err := m.dial(t.Context(), "127.0.0.1:5222") // Prosody's unit does not say when it listens
		if err == nil {
			_ = conn.Close()
			break
		}
		if time.Now().After(limit) {
			t.Fatal(err)
		}
	}
	if err := m.login(t.Context(), "alice", token); err != nil {
		t.Errorf("the first login after a boot: %v", err)
	}
	if out := m.run(t, "systemctl --failed --no-legend --plain"); strings.Contains(out, "usher") {
		t.Errorf("failed: %s", out)
	}
}
