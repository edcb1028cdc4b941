package try

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"usher/auth"
)

// etc is a folder with the files of other programs.
func etc(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestPlaces: the line that has to change is named; a comment is none, nor is what is no file.
func TestPlaces(t *testing.T) {
	dir := etc(t, map[string]string{
		"prosody/prosody.cfg.lua":    "-- VirtualHost \"meet.example.com\"\nInclude \"conf.d/*.cfg.lua\"\n",
		"prosody/conf.d/a.cfg.lua":   "VirtualHost \"meet.example.com.example.org\"\nVirtualHost \"meetXexample.com\"\n",
		"prosody/conf.d/b.cfg.lua":   "\n  VirtualHost \"meet.example.com\"\n",
		"prosody/conf.avail/c.lua":   "VirtualHost \"meet.example.com\"\n",
		"nginx/nginx.conf":           "# server 127.0.0.1:5280;\ninclude sites-enabled/*;\n",
		"nginx/sites-enabled/meet":   "upstream prosody {\n    zone upstreams 64K;\n    server localhost:5280;\n}\n",
		"nginx/sites-enabled/f/none": "server 127.0.0.1:5280;\n",
		"nginx/sites-available/old":  "server 127.0.0.1:5280;\n",
	})
	f := Folders{Prosody: filepath.Join(dir, "prosody"), Nginx: filepath.Join(dir, "nginx")}
	trial := &Trial{Host: "meet.example.com", Folders: f}
	if got, want := trial.hostLine(), `VirtualHost "meet.example.com" (`+f.Prosody+`/conf.d/b.cfg.lua:2)`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	lines := find(nginxFiles(f.Nginx), upstreamPattern("127.0.0.1:5280"))
	if len(lines) != 1 || lines[0] != (place{f.Nginx + "/sites-enabled/meet", 3, "server localhost:5280;"}) {
		t.Errorf("%+v", lines)
	}
	if lines := find(nginxFiles(f.Nginx), upstreamPattern("127.0.0.1:528")); len(lines) > 0 {
		t.Errorf("another port: %+v", lines)
	}
	if got := (&Trial{Host: "meet.example.com"}).hostLine(); got != `VirtualHost "meet.example.com"` {
		t.Errorf("without folders: %s", got)
	}
	if list := (Folders{}).prosodyPlace("x") + in(find(nginxFiles(""), "x")); list != "" {
		t.Errorf("without folders: %s", list)
	}
}

// TestElsewhere: Prosody's file names another socket than usher's.
func TestElsewhere(t *testing.T) {
	dir := etc(t, map[string]string{
		"prosody.cfg.lua": "VirtualHost \"a\"\n  dovecot_auth_socket = \"/run/dovecot/auth\"\n",
	})
	trial := trialWith(t, "")
	trial.Folders.Prosody = dir
	r := newRun(trial).doorFault()
	named := strings.Contains(r.mend, dir+"/prosody.cfg.lua:2")
	if r.state != Failed || !named || !strings.Contains(r.seen, "/run/dovecot/auth") {
		t.Errorf("%+v", r)
	}
}

// TestClean: no token gets into a report, in whatever spelling a server repeats it, and no control character.
func TestClean(t *testing.T) {
	r := record{of: &person{token: "eyJ+a/b=.c.d"}}
	got := r.clean("said eyJ+a/b=.c.d and eyJ%2Ba%2Fb%3D.c.d\x1b[31m\n" + strings.Repeat("x", 5000))
	if strings.Contains(got, "eyJ") || strings.ContainsAny(got, "\x1b\n") || len(got) > 1100 {
		t.Errorf("%.60q… of %d bytes", got, len(got))
	}
}

// TestCleanLines: what was said in two lines stands in one.
func TestCleanLines(t *testing.T) {
	r := record{of: &person{}}
	if got := r.clean("no such file\nstart it"); got != "no such file; start it" {
		t.Error(got)
	}
}

// TestRights: who may use what has a mode and an owner.
func TestRights(t *testing.T) {
	p := process{uid: 10, gids: []int{20, 21}}
	for _, row := range []struct {
		mode  os.FileMode
		owner owner
		want  bool
	}{
		{0o660, owner{10, 99}, true}, {0o066, owner{10, 20}, false}, {0o660, owner{1, 21}, true},
		{0o606, owner{1, 21}, false}, {0o660, owner{1, 99}, false}, {0o662, owner{1, 99}, true},
	} {
		if got := p.has(row.mode, row.owner, 0o2); got != row.want {
			t.Errorf("%v %v: %t", row.mode, row.owner, got)
		}
	}
}

// TestProsody: which processes are Prosody.
func TestProsody(t *testing.T) {
	for line, want := range map[string]bool{
		"lua5.4\x00/usr/bin/prosody\x00-F\x00": true, "/usr/bin/lua5.4\x00/usr/bin/prosody\x00": true, "prosody\x00": true,
		"vim\x00/etc/prosody\x00": false, "lua5.4\x00other.lua\x00prosody\x00": false, "prosodyctl\x00": false, "": false,
	} {
		if got := isProsody([]byte(line)); got != want {
			t.Errorf("%q: %t", line, got)
		}
	}
}

// TestBadToken: what is wrong is told apart from what to change.
func TestBadToken(t *testing.T) {
	r := badToken(auth.CheckLine{Name: "time", Detail: "expired: exp was then; get another; soon"})
	if r.seen != "expired: exp was then" || r.mend != "get another; soon" {
		t.Errorf("%+v", r)
	}
	if r = badToken(auth.CheckLine{Detail: "no more"}); r.mend == "" {
		t.Errorf("%+v", r)
	}
}
