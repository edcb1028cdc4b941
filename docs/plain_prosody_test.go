package docs

import (
	"regexp"
	"strings"
	"testing"
)

// TestPlainProsodyPage keeps the page for a Prosody without Jitsi true: its configuration is good as it stands, and has
// usher prosody print what the page says; its web page goes where the site of the tests has a location.
func TestPlainProsodyPage(t *testing.T) {
	p := readPage(t, "docs/plain-prosody.md")
	site := readFile(t, "deploy/nginx-meet.conf")
	seen := map[string]int{}
	for _, b := range p.blocks {
		seen[b.language]++
		switch b.language {
		case "yaml":
			printsAllLines(t, b)
		case "js":
			at := regexp.MustCompile(`host \+ '(/[^?']+)\?token='`).FindStringSubmatch(b.text)
			if at == nil || !strings.Contains(site, "location = "+at[1]+" {") {
				t.Errorf("%v: no location of the site is at %q", b, at)
			}
		}
	}
	if seen["yaml"] != 1 || seen["nginx"] != 1 || seen["js"] != 1 {
		t.Errorf("the page has the blocks %v", seen)
	}
}

// printsAllLines wants a configuration to be good without a warning, and all that the page names to be printed for it.
func printsAllLines(t *testing.T, b block) {
	t.Helper()
	config := putConfig(t, t.TempDir(), b.text+"state: \"memory:\"\n")
	if out, err := usher(t, "check", "--files-only", "--config", config).CombinedOutput(); err != nil || strings.Contains(string(out), "warning") {
		t.Fatalf("%v: %v\n%s", b, err, out)
	}
	lines := output(t, usher(t, "prosody", "--config", config))
	for _, word := range []string{"consider_websocket_secure", "consider_bosh_secure", "usher_key", `"smacks"`,
		`VirtualHost "guest.meet.example.com"`, `authentication = "dovecot"`, `"muc_http_auth"`, `"muc_http_defaults"`,
		`Component "usher.meet.example.com"`, `admins = { "usher.meet.example.com" }`, "muc_rate_joins = 100000",
		"wait_for_host_disable_auto_owners = true", `"muc_hide_all" may stay`, "luarocks",
		"component_admins_as_room_owners = true"} {
		if !strings.Contains(lines, word) {
			t.Errorf("usher prosody does not print %s", word)
		}
	}
}
