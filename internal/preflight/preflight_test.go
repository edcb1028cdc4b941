package preflight

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"usher/internal/config"
	"usher/internal/config/configtest"
)

// A machine is a folder in the place of / for units, with a configuration that usher.service reads.
type machine struct {
	t    *testing.T
	root string
}

func (m machine) put(name, text string) {
	m.t.Helper()
	path := filepath.Join(m.root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		m.t.Fatal(err)
	}
}

// shipped puts one of deploy's units where the package has it, with changes, and enables it.
func (m machine) shipped(name string, changes ...string) {
	m.t.Helper()
	text, err := os.ReadFile("../../deploy/" + name)
	if err != nil {
		m.t.Fatal(err)
	}
	changes = append(changes, "/etc/usher/usher.yaml", m.root+"/usher.yaml")
	m.put("usr/lib/systemd/system/"+name, strings.NewReplacer(changes...).Replace(string(text)))
	m.put("etc/systemd/system/sockets.target.wants/"+name, "") // a link, on a machine
}

// service puts the service's unit there, as if this folder were none of /tmp and usher could write to it.
func (m machine) service(changes ...string) {
	m.t.Helper()
	m.shipped("usher.service", append(changes, "PrivateTmp=yes", "PrivateTmp=no", "ProtectSystem=strict",
		"ProtectSystem=strict\nReadWritePaths="+m.root)...)
}

// look returns what is said of a configuration, without the place.
func (m machine) look(listen string) string {
	m.t.Helper()
	path := configtest.PutFile(m.t, m.root, "usher.yaml", "state: 'memory:'\nlisten: {metrics: "+m.root+"/m.sock, admin: "+m.root+
		"/c.sock, "+listen+"}\nhttp_secret_file: http.secret\ngateway: {upstream: 'http://127.0.0.1:5280', origins: ['*']}\npeers: []\n"+
		"hosts: {h: {issuers: {a: {secret_files: [my-app.secret]}}}}\n", 0o640)
	c, problems := config.Load(path)
	if c == nil {
		m.t.Fatal(problems)
	}
	return strings.ReplaceAll(configtest.Printed(Look(c, path, m.root, nil), m.root), m.root, "ROOT")
}

func newMachine(t *testing.T) machine {
	return machine{t: t, root: configtest.KeyFolder(t)}
}

const usual = "dovecot: /run/usher/auth.sock"

// TestSocketsOfSystemd: a socket that systemd opens elsewhere than the configuration has it, or for nobody, is named
// with both places; one of a unit that is not started, or of another configuration, is not.
func TestSocketsOfSystemd(t *testing.T) {
	for _, c := range []struct {
		name, listen string
		units        func(m machine)
		want         string // of the one line, "" for none
	}{
		{"the same", usual, func(m machine) { m.shipped("usher.socket") }, ""},
		{"by its other name", "dovecot: /var/run/usher/auth.sock", func(m machine) { m.shipped("usher.socket") }, ""},
		{"elsewhere", "dovecot: /run/usher/other.sock", func(m machine) { m.shipped("usher.socket") },
			"listen.dovecot is /run/usher/other.sock, and usher.socket has ListenStream=/run/usher/auth.sock: systemd opens the " +
				"socket elsewhere — write the same into both: systemctl edit usher.socket, with"},
		{"a drop-in", "dovecot: /run/usher/other.sock", func(m machine) {
			m.shipped("usher.socket")
			m.put("etc/systemd/system/usher.socket.d/override.conf", "[Socket]\nListenStream=\nListenStream=/run/usher/other.sock\n")
		}, ""},
		{"a drop-in that adds", usual, func(m machine) {
			m.shipped("usher.socket")
			m.put("etc/systemd/system/usher.socket.d/override.conf", "[Socket]\nListenStream=/run/usher/other.sock\n")
		}, "usher.socket has ListenStream=/run/usher/auth.sock /run/usher/other.sock: systemd"},
		{"an operator's own unit", usual, func(m machine) {
			m.shipped("usher.socket")
			m.put("etc/systemd/system/usher.socket", "[Socket]\nListenStream=/srv/auth.sock\nFileDescriptorName=dovecot\n")
		}, "usher.socket has ListenStream=/srv/auth.sock"},
		{"masked", "dovecot: /run/usher/other.sock", func(m machine) {
			m.shipped("usher.socket")
			if err := os.Symlink("/dev/null", filepath.Join(m.root, "etc/systemd/system/usher.socket")); err != nil {
				m.t.Fatal(err)
			}
		}, ""},
		{"not enabled", "dovecot: /run/usher/other.sock", func(m machine) {
			m.shipped("usher.socket")
			if err := os.RemoveAll(filepath.Join(m.root, "etc/systemd")); err != nil {
				m.t.Fatal(err)
			}
		}, ""},
		{"enabled by a package", "dovecot: /run/usher/other.sock", func(m machine) {
			m.shipped("usher.socket")
			m.put("usr/lib/systemd/system/sockets.target.wants/usher.socket", "")
			if err := os.RemoveAll(filepath.Join(m.root, "etc/systemd")); err != nil {
				m.t.Fatal(err)
			}
		}, "systemd opens the socket elsewhere"},
		{"the HTTP door's", "http: '127.0.0.1:8290', " + usual, func(m machine) { m.shipped("usher-http.socket") },
			"listen.http is 127.0.0.1:8290, and usher-http.socket has ListenStream=127.0.0.1:8280"},
		{"the gateway's in order", "gateway: '127.0.0.1:8281', " + usual, func(m machine) { m.shipped("usher-gateway.socket") }, ""},
		{"for a door that is closed", usual, func(m machine) { m.shipped("usher-http.socket") },
			"usher-http.socket opens a socket for listen.http, which is not set — systemctl disable --now usher-http.socket, or"},
		{"without a name", usual, func(m machine) { m.shipped("usher.socket", "FileDescriptorName=dovecot", "") },
			"usher.socket has FileDescriptorName=usher.socket, and there is no such listener"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMachine(t)
			m.service()
			c.units(m)
			got := m.look(c.listen)
			if c.want == "" && got != "" || !strings.Contains(got, c.want) || strings.Count(got, "error: ") > 1 {
				t.Errorf("got %swant %s", got, c.want)
			}
			if c.want == "" {
				return
			}
			m.put("usr/lib/systemd/system/usher.service", "[Service]\nExecStart=/usr/bin/usher serve --config /elsewhere.yaml\n")
			if got := m.look(c.listen); strings.Contains(got, "socket elsewhere") || strings.Contains(got, "not set") {
				t.Errorf("of another configuration: %s", got)
			}
		})
	}
}

// TestFoldersOfSystemd: what the unit makes need not be there, and what it closes is named.
func TestFoldersOfSystemd(t *testing.T) {
	m := newMachine(t)
	m.service("RuntimeDirectory=usher", "RuntimeDirectory=usher deep")
	if got := m.look("dovecot: /run/deep/a.sock"); got != "" {
		t.Errorf("a folder that the unit makes: %s", got)
	}
	got := m.look("dovecot: /srv/none/a.sock")
	if !strings.Contains(got, "listen.dovecot: the folder /srv/none is not there — install -d -o ") {
		t.Error(got)
	}
	outside := t.TempDir()
	want := "usher.service (ProtectSystem=strict) lets usher write nothing in " + outside
	if got := m.look("dovecot: " + outside + "/a.sock"); !strings.Contains(got, want) || !strings.Contains(got, "ReadWritePaths="+outside) {
		t.Error(got)
	}
	m.put("etc/systemd/system/usher.service.d/writes.conf", "[Service]\nReadWritePaths=-"+outside+"/ /srv\n")
	if got := m.look("dovecot: " + outside + "/a.sock"); got != "" {
		t.Error(got)
	}
}

// TestHiddenFiles: what is in a folder that the unit hides is named.
func TestHiddenFiles(t *testing.T) {
	m := newMachine(t) // in /tmp
	m.shipped("usher.service")
	if got := m.look(usual); !strings.HasPrefix(m.root, "/tmp/") || !strings.Contains(got,
		"the file my-app.secret cannot be seen by usher.service (PrivateTmp=yes) — move it to /etc/usher") {
		t.Error(got)
	}
}

// TestUnitUser: the daemon's user is that of the unit which reads the configuration.
func TestUnitUser(t *testing.T) {
	m := newMachine(t)
	m.put("usher.yaml", "")
	path := filepath.Join(m.root, "usher.yaml")
	if got := UnitUser(path, m.root); got != "" {
		t.Errorf("without a unit: %q", got)
	}
	m.shipped("usher.service")
	if got := UnitUser(path, m.root); got != "usher" {
		t.Errorf("%q", got)
	}
	m.put("etc/systemd/system/usher.service.d/user.conf", "[Service]\nUser=meet\nExecStart=\nExecStart=/usr/bin/usher serve --config="+path+"\n")
	if got := UnitUser(path, m.root); got != "meet" {
		t.Errorf("%q", got)
	}
	if got := UnitUser("/etc/hostname", m.root); got != "" {
		t.Errorf("of another configuration: %q", got)
	}
}

// TestSameStream: systemd's ways to write an address are understood.
func TestSameStream(t *testing.T) {
	for _, c := range []struct {
		stream, network, name string
		want                  bool
	}{
		{"%t/usher/auth.sock", "unix", "/run/usher/auth.sock", true},
		{"/run//usher/auth.sock", "unix", "/var/run/usher/auth.sock", true},
		{"/run/usher/a.sock", "unix", "/run/usher/auth.sock", false},
		{"8280", "tcp", "0.0.0.0:8280", true},
		{"[::]:8280", "tcp", ":8280", true},
		{"127.0.0.1:8280", "tcp", "localhost:8280", true},
		{"127.0.0.1:8280", "tcp", "127.0.0.1:8281", false},
		{"8280", "tcp", "127.0.0.1:8280", false},
	} {
		if got := sameStream(c.stream, config.Address{Network: c.network, Name: c.name}); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
