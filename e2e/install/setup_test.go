package install

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"usher/cmd/usher/cmdline"
	"usher/cmd/usher/setup"
)

// jitsis are the files of a Jitsi that came after usher's package. Its tokens are of the issuer that the package has.
var jitsis = map[string]string{
	"etc/passwd":                  "usher:x:0:0::/:\nprosody:x:0:0::/:\n",
	"etc/group":                   "usher:x:0:prosody\n",
	"etc/prosody/prosody.cfg.lua": "Include \"conf.d/*.cfg.lua\"\n",
	"etc/prosody/conf.d/meet.example.com.cfg.lua": `VirtualHost "meet.example.com"
    authentication = "token" -- do not delete me
    app_id = "my-app"
    app_secret = "what Prosody has had for a long time"
    main_muc = "conference.meet.example.com"
Component "conference.meet.example.com" "muc"
    modules_enabled = { "token_verification" }
    admins = { "focus@auth.meet.example.com" }
`,
	"etc/nginx/sites-available/meet.example.com.conf": `upstream prosody {
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
`,
	"etc/jitsi/jicofo/jicofo.conf": "jicofo {\n  authentication { enabled = true }\n}",
}

// setup runs usher setup jitsi on the scripts' folder, or skips the test where there is no Lua.
func (s scripts) setup(args ...string) (code int, said string) {
	s.t.Helper()
	var out bytes.Buffer
	line := append([]string{"usher", "setup", "jitsi", "--root", s.root}, args...)
	code = cmdline.Run(cmdline.NewApp("", setup.Command()), line, strings.NewReader(""), &out, &out)
	if strings.Contains(out.String(), "apt-get install lua5.4") && os.Getenv("CI") == "" {
		s.t.Skip(out.String())
	}
	return code, out.String()
}

// owned are usher's files.
func (s scripts) owned() map[string]string {
	s.t.Helper()
	all := map[string]string{}
	for name := range strings.FieldsSeq(s.names("etc/usher")) {
		text, err := os.ReadFile(s.path("etc/usher/" + name))
		s.ok(err)
		all[name] = string(text)
	}
	return all
}

// TestSetupAfterPackage: what postinst wrote before Jitsi came is in nobody's way, and is given back.
func TestSetupAfterPackage(t *testing.T) {
	s := newScripts(t)
	s.run("postinst", "configure")
	for name, text := range jitsis {
		s.ok(os.MkdirAll(filepath.Dir(s.path(name)), 0o755))
		s.ok(os.WriteFile(s.path(name), []byte(text), 0o644))
	}
	s.ok(os.MkdirAll(s.path("var/lib"), 0o755))
	was := s.owned()
	if code, said := s.setup("--write"); code != 0 || strings.Contains(said, "for a long time") ||
		strings.Contains(said, strings.TrimSpace(was["my-app.secret"])) {
		t.Fatalf("exit %d\n%s", code, said)
	}
	now := s.owned()
	if !strings.Contains(now["usher.yaml"], "relay:\n") ||
		now["my-app.secret"] != "what Prosody has had for a long time\n" || now["component.secret"] != was["component.secret"] ||
		now["http.secret"] != was["http.secret"] {
		t.Errorf("usher.yaml is\n%s", now["usher.yaml"])
	}
	if code, said := s.setup(); code != 0 || !strings.Contains(said, "Nothing is to be changed.") {
		t.Errorf("again: exit %d\n%s", code, said)
	}
	s.run("postinst", "configure") // an upgrade
	if text := s.owned()["usher.yaml"]; text != now["usher.yaml"] {
		t.Errorf("after an upgrade it is\n%s", text)
	}
	if code, said := s.setup("--undo"); code != 0 {
		t.Errorf("exit %d\n%s", code, said)
	}
	for name, text := range s.owned() {
		if text != was[name] {
			t.Errorf("%s is not what it was", name)
		}
	}

	s.ok(os.WriteFile(s.path("etc/usher/usher.yaml"), []byte(was["usher.yaml"]+"\n"), 0o640))
	_, said := s.setup("--write")
	if text := s.owned()["usher.yaml"]; text != was["usher.yaml"]+"\n" {
		t.Errorf("one byte more, and it was replaced:\n%s", said)
	}
}
