package docs

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
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

// TestJitsiPage keeps the page for operators of Jitsi true: its configuration is good as it stands, and what it says of
// Prosody and nginx is what usher prosody prints and what its sed makes of Jitsi's file.
func TestJitsiPage(t *testing.T) {
	p := readPage(t, "docs/jitsi.md")
	seen := map[string]int{}
	for _, b := range p.blocks {
		seen[b.language]++
		if b.language != "yaml" {
			continue
		}
		config := putConfig(t, t.TempDir(), b.text+"state: \"memory:\"\n")
		if out, err := usher(t, "check", "--config", config).CombinedOutput(); err != nil || strings.Contains(string(out), "warning") {
			t.Fatalf("%v: %v\n%s", b, err, out)
		}
		lines := output(t, usher(t, "prosody", "--config", config))
		for _, word := range []string{"consider_websocket_secure", "consider_bosh_secure", "usher_key",
			`VirtualHost "guest.meet.example.com"`, `"smacks"`, `authentication = "dovecot"`, `"muc_http_auth"`, `"muc_http_defaults"`,
			`Component "breakout.meet.example.com"`, `Component "usher.meet.example.com"`,
			`admins = { "usher.meet.example.com", "focus@auth.meet.example.com" }`} {
			if !strings.Contains(lines, word) {
				t.Errorf("usher prosody does not print %s", word)
			}
		}
	}
	if seen["yaml"] != 1 || seen["nginx"] != 2 || seen["js"] != 1 {
		t.Errorf("the page has the blocks %v", seen)
	}
	redirect := regexp.MustCompile(`sed -i -E '([^']+)' /etc/nginx`)
	var command []string
	for _, b := range p.blocks {
		if m := redirect.FindStringSubmatch(b.text); m != nil {
			command = m
		}
	}
	if command == nil {
		t.Fatal("the page has no sed for nginx")
	}
	for was, want := range jitsiUpstreams {
		cmd := exec.CommandContext(t.Context(), "sed", "-E", command[1])
		cmd.Stdin = strings.NewReader(was)
		if got := output(t, cmd); got != want {
			t.Errorf("%q becomes %q, want %q", was, got, want)
		}
	}
}
