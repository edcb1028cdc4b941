package setup

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"usher/cmd/usher/cmdline"
	"usher/internal/config"
)

const setupProsody = `VirtualHost "meet.example.com"
    authentication = "token" -- do not delete me
    app_id="acme"
    app_secret="application secret"
    asap_accepted_issuers = { "acme", "other: # 'issuer'" }
    asap_require_room_claim = false
    enable_domain_verification = false
    allow_empty_token = true
    lobby_muc = "lobby.meet.example.com"
    breakout_rooms_muc = "breakout.meet.example.com"
    main_muc = "conference.meet.example.com"
    muc_lobby_whitelist = { "recorder.meet.example.com" }
VirtualHost "guest.meet.example.com"
    authentication = "anonymous"
Component "conference.meet.example.com" "muc"
    modules_enabled = { "token_verification" }
    admins = { "focus@auth.meet.example.com" }
Component "breakout.meet.example.com" "muc"
Component "lobby.meet.example.com" "muc"
`

const setupSite = `upstream prosody {
    server 127.0.0.1:5280;
}
server {
    server_name meet.example.com;
    access_log off;
    location = /xmpp-websocket {
        proxy_pass http://prosody/xmpp-websocket;
    }
    location ~ ^/conference-request/v1(\/.*)?$ {
        proxy_pass http://127.0.0.1:8888/conference-request/v1$1;
    }
}
`

// setupRoot is a folder with the files of a Jitsi.
func setupRoot(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	me := fmt.Sprintf("x:%d:%d::/:\n", os.Geteuid(), os.Getegid())
	for name, text := range map[string]string{
		"etc/passwd":                  "usher:" + me + "prosody:" + me,
		"etc/group":                   fmt.Sprintf("usher:x:%d:prosody\n", os.Getegid()),
		"etc/prosody/prosody.cfg.lua": "Include \"conf.d/*.cfg.lua\"\n",
		"etc/prosody/conf.avail/meet.example.com.cfg.lua": setupProsody,
		"etc/prosody/conf.d/note.txt":                     "",
		"etc/nginx/sites-available/meet.example.com.conf": setupSite,
		"etc/jitsi/jicofo/jicofo.conf":                    "jicofo {\n  authentication { enabled = true }\n}",
		"var/lib/note":                                    "",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(dir, "etc/prosody/conf.d/meet.example.com.cfg.lua") // absolute, as Debian's
	if err := os.Symlink("/etc/prosody/conf.avail/meet.example.com.cfg.lua", link); err != nil {
		t.Fatal(err)
	}
	return dir
}

// runSetup runs usher setup jitsi as main does, or skips the test where there is no Lua.
func runSetup(t *testing.T, args ...string) (code int, out, complaint string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = cmdline.Run(cmdline.NewApp("", Command()), append([]string{"usher", "setup", "jitsi"}, args...), strings.NewReader(""), &stdout, &stderr)
	if strings.Contains(stderr.String(), "apt-get install lua5.4") && os.Getenv("CI") == "" {
		t.Skip(stderr.String())
	}
	return code, stdout.String(), stderr.String()
}

func filesBelow(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(filepath.Join(dir, "etc"), func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Type()&fs.ModeSymlink != 0 {
			return err
		}
		text, err := os.ReadFile(name)
		all[strings.TrimPrefix(name, dir)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestSetupJitsi: looking changes nothing; --write does, once, and shows no secret; what it makes is a configuration
// that usher takes; --undo gives back the same bytes.
func TestSetupJitsi(t *testing.T) {
	dir := setupRoot(t)
	was := filesBelow(t, dir)
	code, out, complaint := runSetup(t, "--root", dir)
	if code != 0 || !strings.Contains(out, "+    server 127.0.0.1:8281;") || !maps.Equal(filesBelow(t, dir), was) {
		t.Fatalf("exit %d\n%s%s", code, out, complaint)
	}
	code, out, complaint = runSetup(t, "--root", dir, "--write")
	if code != 0 || strings.Contains(out, "application secret") || !strings.Contains(out, "not run: systemctl restart prosody") {
		t.Fatalf("exit %d\n%s%s", code, out, complaint)
	}
	checkSetup(t, dir)
	now := filesBelow(t, dir)
	code, out, _ = runSetup(t, "--root", dir, "--write")
	if code != 0 || !strings.Contains(out, "Nothing is to be changed.") || !maps.Equal(filesBelow(t, dir), now) {
		t.Errorf("again: exit %d\n%s", code, out)
	}
	if info, err := os.Lstat(filepath.Join(dir, "etc/prosody/conf.d/meet.example.com.cfg.lua")); err != nil ||
		info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link is none any more: %v", err)
	}
	code, out, complaint = runSetup(t, "--root", dir, "--undo")
	if code != 0 || !maps.Equal(filesBelow(t, dir), was) {
		t.Errorf("undo: exit %d\n%s%s", code, out, complaint)
	}
}

// TestSetupJSON: a program gets what people do, without a secret, and nothing else on standard output.
func TestSetupJSON(t *testing.T) {
	dir := setupRoot(t)
	read := func(args ...string) (p planned) {
		t.Helper()
		code, out, complaint := runSetup(t, append(args, "--root", dir, "--json")...)
		if err := json.Unmarshal([]byte(out), &p); err != nil || code != 0 || strings.Contains(out, "application secret") {
			t.Fatalf("exit %d, %v\n%s%s", code, err, out, complaint)
		}
		return p
	}
	site := func(c changed) bool {
		return strings.Contains(c.Diff, "+    server 127.0.0.1:8281;") && c.Of == "nginx" && !c.New
	}
	hidden := func(c changed) bool { return c.Secret && c.New && c.Diff == "" }
	was := filesBelow(t, dir)
	p := read()
	if p.Host != "meet.example.com" || p.Written || p.Blocked || !slices.ContainsFunc(p.Changes, site) ||
		!slices.ContainsFunc(p.Changes, hidden) || !slices.Contains(p.Commands, "systemctl restart prosody") ||
		!maps.Equal(filesBelow(t, dir), was) {
		t.Errorf("%+v", p)
	}
	if p = read("--write"); !p.Written || !slices.ContainsFunc(p.Changes, site) {
		t.Errorf("%+v", p)
	}
	checkSetup(t, dir)
	if p = read(); len(p.Changes) > 0 || p.ByHand == nil || p.Notes == nil {
		t.Errorf("again: %+v", p)
	}
	t.Chdir(t.TempDir())
	for _, args := range [][]string{nil, {"--write", "--host", "meet.example.org"}} {
		code, out, complaint := runSetup(t, append([]string{"--docker", "--json"}, args...)...)
		var files composed
		if err := json.Unmarshal([]byte(out), &files); err != nil || code != 0 || len(files.Files) < 4 ||
			files.Written != (args != nil) {
			t.Fatalf("exit %d, %v\n%s%s", code, err, out, complaint)
		}
		for _, f := range files.Files {
			if (f.Text != "") != (args == nil && !f.Secret) {
				t.Errorf("%v: %+v", args, f)
			}
		}
	}
}

// checkSetup reads what was made as the daemon would, with the folder's names in the place of the machine's.
func checkSetup(t *testing.T, dir string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "etc/usher/usher.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "etc/usher/moved.yaml")
	moved := strings.ReplaceAll(string(text), "/etc/usher/", dir+"/etc/usher/") + "state: \"memory:\"\n"
	if err := os.WriteFile(file, []byte(moved), 0o640); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(file)
	c, problems := config.Load(file)
	if c == nil {
		t.Fatalf("usher does not take it: %v\n%s", problems, moved)
	}
	host := c.Auth.Hosts["meet.example.com"]
	if host.Relay == nil || len(host.Issuers) != 2 {
		t.Errorf("%+v", host)
	}
	for _, want := range []string{"allow_weak_secret: true", "guests_start: true", "subject: any", "domain_verification: false",
		"require_room: false", `"other: # 'issuer'":`, `jicofo: "http://127.0.0.1:8888"`} {
		if !strings.Contains(moved, want) {
			t.Errorf("it has no %s\n%s", want, moved)
		}
	}
}

// TestSetupUsage: what cannot be is refused, with the code of its kind.
func TestSetupUsage(t *testing.T) {
	empty := t.TempDir()
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--write", "--undo"}, 2, "choose one"},
		{[]string{"--docker", "--undo"}, 2, "choose one"},
		{[]string{"--undo", "--json"}, 2, "has no --json"},
		{[]string{"meet.example.com"}, 2, "unexpected argument"},
		{[]string{"--root", empty}, 1, "is this the machine with Jitsi's Prosody?"},
		{[]string{"--root", empty + "/none"}, 1, "no such file"},
		{[]string{"--root", setupRoot(t), "--host", "../x"}, 1, "is no host name"},
		{[]string{"--docker", "--host", "a b"}, 1, "host name"},
		{[]string{"--docker", "--host", "https://meet.example.org"}, 1, "host name"},
		{[]string{"--docker", "--host", "meet.example.org:0"}, 1, "host name"},
		{[]string{"--docker", "--write"}, 1, "PUBLIC_URL"},
	} {
		code, _, complaint := runSetup(t, tt.args...)
		if code != tt.code || !strings.Contains(complaint, tt.want) {
			t.Errorf("%v: exit %d, %s", tt.args, code, complaint)
		}
	}
	if code, out, _ := runSetup(t, "--root", empty, "--undo"); code != 0 || !strings.Contains(out, "nothing to take back") {
		t.Errorf("exit %d, %s", code, out)
	}
}

// TestSetupDocker: the files are written once, never over others, and usher takes its own.
func TestSetupDocker(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, args := range [][]string{{}, {"--hs256"}} {
		code, out, complaint := runSetup(t, append(args, "--docker", "--write", "--host", "meet.example.org")...)
		if code != 0 {
			t.Fatalf("exit %d\n%s%s", code, out, complaint)
		}
		text, err := os.ReadFile("usher/usher.yaml")
		if err != nil {
			t.Fatal(err)
		}
		moved := strings.ReplaceAll(string(text), "/etc/usher/", dir+"/usher/") + "state: \"memory:\"\n"
		if err := os.WriteFile("moved.yaml", []byte(moved), 0o600); err != nil {
			t.Fatal(err)
		}
		if c, problems := config.Load("moved.yaml"); c == nil || c.Auth.Hosts["meet.jitsi"].Relay == nil {
			t.Errorf("%v: usher does not take it: %v\n%s", args, problems, moved)
		}
		if info, err := os.Stat("usher.env"); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", info, err)
		}
		if code, _, complaint := runSetup(t, "--docker", "--write", "--host", "meet.example.org"); code != 1 || !strings.Contains(complaint, "move usher, usher.env") {
			t.Errorf("over others: exit %d, %s", code, complaint)
		}
		if err := os.RemoveAll("usher"); err != nil {
			t.Fatal(err)
		}
		if code, _, _ := runSetup(t, "--docker", "--write", "--host", "meet.example.org"); code != 1 {
			t.Error("usher.env was written over")
		}
		if _, err := os.Stat("usher"); err == nil {
			t.Error("files of a run that failed are left")
		}
		for _, name := range []string{"usher.env", "compose.usher.yml"} {
			if err := os.Remove(name); err != nil {
				t.Fatal(err)
			}
		}
	}
}
