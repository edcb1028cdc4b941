package docs

import (
	"slices"
	"strings"
	"testing"

	"usher/auth"
	"usher/moderation"
)

// TestJitsiPage keeps the page for operators of Jitsi true: its configuration is good as it stands, and what it says of
// Prosody, nginx and jicofo is what usher prosody prints for it.
func TestJitsiPage(t *testing.T) {
	p := readPage(t, "docs/jitsi.md")
	seen := map[string]int{}
	for _, b := range p.blocks {
		seen[b.language]++
		if b.language != "yaml" || !strings.Contains(b.before, "`/etc/usher/usher.yaml`") {
			continue
		}
		seen["whole"]++
		config := putConfig(t, t.TempDir(), b.text+"state: \"memory:\"\n")
		if out, err := usher(t, "check", "--files-only", "--config", config).CombinedOutput(); err != nil || strings.Contains(string(out), "warning") {
			t.Fatalf("%v: %v\n%s", b, err, out)
		}
		lines := output(t, usher(t, "prosody", "--config", config))
		for _, want := range []string{`authentication = "token"`, `signature_algorithm = "RS256"`, `app_id = "my-app"`, "BEGIN PUBLIC KEY",
			"asap_key_server", "cache_keys_url", "allow_empty_token", `VirtualHost "guest.meet.example.com"`, `"token_verification"`,
			`token_verification_allowlist = { "guest.meet.example.com" }`, `Component "breakout.meet.example.com"`,
			`admins = { "usher.meet.example.com", "focus@auth.meet.example.com" }`, `Component "usher.meet.example.com"`,
			"server 127.0.0.1:8281;", "/conference-request/v1", "enable-auto-owner = false"} {
			if !strings.Contains(lines, want) {
				t.Errorf("usher prosody does not print %s", want)
			}
		}
		if strings.Contains(lines, "dovecot") || strings.Contains(lines, "muc_http_auth_url") {
			t.Errorf("usher prosody prints what a plain Prosody wants:\n%s", lines)
		}
	}
	if seen["whole"] != 1 || seen["nginx"] != 1 || seen["js"] != 1 || seen["hocon"] != 1 {
		t.Errorf("the page has the blocks %v", seen)
	}
}

// TestJitsiPageReasons: the reasons beside what people see are those of the closed lists.
func TestJitsiPageReasons(t *testing.T) {
	known := []string{}
	for _, r := range auth.Reasons() {
		known = append(known, string(r))
	}
	for _, r := range moderation.DenyReasons() {
		known = append(known, string(r))
	}
	rows := quoted(column(readPage(t, "docs/jitsi.md").section(t, "## What people see"), 2))
	for _, reason := range rows {
		if !slices.Contains(known, reason) {
			t.Errorf("there is no reason %s; there is %v", reason, known)
		}
	}
	if len(rows) < 8 {
		t.Errorf("the page has the reasons %v", rows)
	}
}

// TestJitsiPageFindings: what usher status says of a relay is what the page explains.
func TestJitsiPageFindings(t *testing.T) {
	source := readFile(t, "internal/probe/login.go")
	section := readPage(t, "docs/jitsi.md").section(t, "## If it does not work")
	table, _, _ := strings.Cut(section, "| what you see |")
	rows := quoted(column(table, 0))
	for _, text := range rows {
		if text != "usher status" && !strings.Contains(source, `"`+text) {
			t.Errorf("usher status never says %q", text)
		}
	}
	if len(rows) < 8 {
		t.Errorf("the page explains %v", rows)
	}
}
