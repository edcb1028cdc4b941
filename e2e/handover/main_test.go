// Package handover holds what docs/operating.md says of a restart: no login is lost by one. The daemon is the built
// usher, under a stand-in for systemd's store.
package handover

import (
	"os"
	"testing"
	"time"

	"usher/e2e/daemon"
	"usher/e2e/systemd"
)

func TestMain(m *testing.M) { os.Exit(daemon.Main(m)) }

const meet = "meet.example.com"

// under starts a daemon whose Dovecot socket systemd's stand-in has.
func under(t *testing.T) (*daemon.Daemon, *systemd.Manager) {
	t.Helper()
	d, m := prepared(t)
	d.Hold()
	d.Start()
	return d, m
}

// storeMax is FileDescriptorStoreMax= of the unit.
const storeMax = 64

// prepared is a daemon that has not begun.
func prepared(t *testing.T) (*daemon.Daemon, *systemd.Manager) {
	t.Helper()
	return preparedWith(t, storeMax)
}

func preparedWith(t *testing.T, most int) (*daemon.Daemon, *systemd.Manager) {
	t.Helper()
	folder, err := os.MkdirTemp("", "usher")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	m, err := systemd.New(folder, most)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	d := daemon.New(t)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("usher:\n%s", d.Log())
		}
	})
	d.Write("usher.yaml", configuration(d, ""))
	d.Under(m)
	return d, m
}

// configuration is the daemon's, with more lines.
func configuration(d *daemon.Daemon, more string) string {
	return "state: sqlite:" + d.Path("usher.db") + "\nlisten:\n  dovecot: " + d.Path("auth.sock") + "\n  metrics: " +
		d.Path("metrics.sock") + "\n  admin: " + d.Path("admin.sock") + "\n" + more + "hosts:\n  " + meet +
		":\n    issuers:\n      my-app: {secret_files: [my-app.secret], audience: [jitsi]}\n"
}

// patience bounds what takes some milliseconds on a machine that does nothing else.
const patience = 30 * time.Second

// eventually waits for what another process does.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it is not so: %s", what)
		}
	}
}
