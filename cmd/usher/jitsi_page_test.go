package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"usher/internal/config"
	"usher/internal/config/configtest"
)

// jitsiUpstreams are lines of the nginx file of Jitsi's packages, of now and of earlier, and what the page makes of them.
var jitsiUpstreams = map[string]string{
	"proxy_pass http://$prosody_node/http-bind?prefix=$prefix&$args;":       "proxy_pass http://127.0.0.1:8281/http-bind?prefix=$prefix&$args;",
	"proxy_pass http://$prosody_node/xmpp-websocket?prefix=$prefix&$args;":  "proxy_pass http://127.0.0.1:8281/xmpp-websocket?prefix=$prefix&$args;",
	"proxy_pass      http://localhost:5280/http-bind;":                      "proxy_pass      http://127.0.0.1:8281/http-bind;",
	"proxy_pass http://127.0.0.1:5280/xmpp-websocket?prefix=$prefix&$args;": "proxy_pass http://127.0.0.1:8281/xmpp-websocket?prefix=$prefix&$args;",
	"proxy_pass http://prosody/room-info?prefix=$prefix&$args;":             "proxy_pass http://prosody/room-info?prefix=$prefix&$args;",
	"rewrite ^/(.*)$ /http-bind;":                                           "rewrite ^/(.*)$ /http-bind;",
	"server 127.0.0.1:5280;":                                                "server 127.0.0.1:5280;",
}

// TestJitsiPage keeps the page for operators of Jitsi true: its configuration is good, and what it says of Prosody and
// nginx is what usher prosody prints and what the tests' nginx has.
func TestJitsiPage(t *testing.T) {
	content, err := os.ReadFile("../../deploy/jitsi.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := configtest.KeyFolder(t)
	blocks := regexp.MustCompile("(?s)```([a-z]+)\n(.*?)```").FindAllStringSubmatch(string(content), -1)
	site, err := os.ReadFile("../../deploy/nginx-meet.conf")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, b := range blocks {
		seen[b[1]]++
		switch b[1] {
		case "yaml":
			text := strings.NewReplacer("/etc/usher/component.secret", filepath.Join(dir, "other.secret"), "/etc/usher/", dir+"/").Replace(b[2])
			c, problems := config.Load(configtest.PutFile(t, dir, "usher.yaml", text, 0o640))
			if c == nil || len(problems) > 0 {
				t.Fatal(configtest.Printed(problems, dir))
			}
			lines := prosodyLines(c, "")
			for _, word := range []string{"consider_websocket_secure", "consider_bosh_secure", "usher_key", `VirtualHost "guest.meet.example.com"`, `"smacks"`,
				`authentication = "dovecot"`, `"muc_http_auth"`, `"muc_http_defaults"`, `Component "breakout.meet.example.com"`, `Component "usher.meet.example.com"`,
				`admins = { "usher.meet.example.com", "focus@auth.meet.example.com" }`} {
				if !strings.Contains(lines, word) {
					t.Errorf("usher prosody does not print %s", word)
				}
			}
		case "nginx":
			for line := range strings.Lines(b[2]) {
				if !strings.Contains(string(site), strings.TrimSpace(line)) {
					t.Errorf("deploy/nginx-meet.conf does not have %s", line)
				}
			}
		}
	}
	redirect := regexp.MustCompile(`sed -i -E '([^']+)' /etc/nginx`).FindSubmatch(content)
	if redirect == nil {
		t.Fatal("the page has no sed for nginx")
	}
	for was, want := range jitsiUpstreams {
		cmd := exec.CommandContext(t.Context(), "sed", "-E", string(redirect[1]))
		cmd.Stdin = strings.NewReader(was)
		if got, err := cmd.Output(); err != nil || string(got) != want {
			t.Errorf("%q becomes %q, want %q: %v", was, got, want, err)
		}
	}
	if seen["yaml"] != 1 || seen["nginx"] != 2 || seen["js"] != 1 {
		t.Errorf("the page has the blocks %v", seen)
	}
}
