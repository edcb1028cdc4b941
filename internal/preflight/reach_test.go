package preflight

import (
	"fmt"
	"os"
	"os/user"
	"strings"
	"testing"

	"usher/internal/config"
	"usher/internal/config/configtest"
	"usher/internal/permission"
)

// TestReach: Prosody's user enters the folder by a group of its own, or by one that its unit adds, as that of the package
// does; otherwise it is warned of.
func TestReach(t *testing.T) {
	prosody, err := user.Lookup("prosody")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	m := newMachine(t)
	run := m.root + "/closed"
	if err := os.Mkdir(run, 0o750); err != nil {
		t.Fatal(err)
	}
	path := configtest.PutFile(t, m.root, "usher.yaml", fmt.Sprintf("state: 'memory:'\nlisten: {metrics: %[1]s/m.sock, "+
		"admin: %[1]s/c.sock, dovecot: %[1]s/auth.sock}\npeers: [%[2]s]\n"+
		"hosts: {h: {issuers: {a: {secret_files: [my-app.secret]}}}}\n", run, prosody.Uid), 0o640)
	warned := func() bool {
		c, problems := config.Load(path)
		if c == nil {
			t.Fatal(problems)
		}
		return strings.Contains(configtest.Printed(Look(c, path, m.root, nil), m.root), "the user prosody may not enter")
	}
	if !warned() {
		t.Error("no warning of a Prosody that may not enter the folder")
	}
	m.put("usr/lib/systemd/system/prosody.service", "[Service]\nUser=prosody\n")
	m.put("usr/lib/systemd/system/prosody.service.d/usher.conf", "[Service]\nSupplementaryGroups=tape "+
		permission.GroupName(os.Getegid())+"\n")
	if warned() {
		t.Error("a warning of a Prosody whose unit gives it the group")
	}
	m.put("etc/systemd/system/prosody.service.d/zz.conf", "[Service]\nSupplementaryGroups=\n")
	if !warned() {
		t.Error("no warning where a later file takes the group away")
	}
}
