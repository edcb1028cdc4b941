package prosodyconf

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"usher/internal/config"
)

const relayConfig = `
listen: {gateway: "127.0.0.1:8281", http: "127.0.0.1:8280"}
http_secret_file: http.secret
state: "memory:"
component: {jid: usher.meet.example.com, secret_file: component.secret}
hosts:
  meet.example.com:
    muc: [conference.meet.example.com]
    breakout: [breakout.meet.example.com]
    guests: [guest.meet.example.com]
    service_accounts: [focus@auth.meet.example.com, jvb@auth.meet.example.com]
    relay: {RELAY}
    issuers: {my-app: {secret_files: [my-app.secret], algorithms: [HS256]}}
`

const plainHost = `
  chat.example.com:
    muc: [rooms.chat.example.com]
    issuers: {my-app: {secret_files: [chat.secret], algorithms: [HS256]}}
`

// printed are the lines for a configuration, and the public half of its inner.pem.
func printed(t *testing.T, text string) (lines, public string) {
	t.Helper()
	dir := t.TempDir()
	put := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, der []byte, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	put("inner.pem", block("PRIVATE KEY", der, err))
	for _, name := range []string{"http", "component", "my-app", "chat", "inner", "cluster"} {
		put(name+".secret", strings.Repeat("0123456789abcdef", 2)+name+"\n")
	}
	put("usher.yaml", text)
	c, problems := config.Load(filepath.Join(dir, "usher.yaml"))
	if c == nil {
		t.Fatal(problems)
	}
	der, err = x509.MarshalPKIXPublicKey(&key.PublicKey)
	return Lines(c, ""), block("PUBLIC KEY", der, err)
}

// withRelay is the configuration with what stands in relay.
func withRelay(relay string) string { return strings.Replace(relayConfig, "RELAY", relay, 1) }

// TestRelayLines: for a host with a relay there is all that docs/jitsi.md names, and nothing of the modules that ask usher.
func TestRelayLines(t *testing.T) {
	lines, public := printed(t, withRelay("app_id: jitsi-app, key_file: inner.pem"))
	for _, want := range []string{
		"VirtualHost \"meet.example.com\"\n  authentication = \"token\"", "  app_id = \"jitsi-app\"\n",
		"  app_secret = [[\n" + public + "]]\n", "  signature_algorithm = \"RS256\"\n", "  enable_domain_verification = true ",
		"asap_key_server and cache_keys_url", "VirtualHost \"guest.meet.example.com\"",
		"Component \"conference.meet.example.com\" \"muc\"\n  modules_enabled = { \"token_verification\" }",
		"  token_verification_allowlist = { \"guest.meet.example.com\" }",
		"Component \"breakout.meet.example.com\" \"muc\"\n  admins = { \"usher.meet.example.com\", \"focus@auth.meet.example.com\" }",
		"Component \"usher.meet.example.com\"\n  component_secret = (function", "server 127.0.0.1:8281;",
		"http://127.0.0.1:8281/conference-request/v1", "enable-auto-owner = false", "wait_for_host_disable_auto_owners = true",
		"http_interfaces = { \"127.0.0.1\", \"::1\" }",
	} {
		if !strings.Contains(lines, want) {
			t.Errorf("there is no %s", want)
		}
	}
	for _, other := range []string{"dovecot", "muc_http_auth_url", "muc_create_api_url", "0123456789abcdef", "PRIVATE"} {
		if strings.Contains(lines, other) {
			t.Errorf("there is %s", other)
		}
	}
	if t.Failed() {
		t.Log(lines)
	}
	parses(t, lines)
}

// TestRelayLinesBySecret: a secret is not printed; without a component Jitsi's own module makes moderators.
func TestRelayLinesBySecret(t *testing.T) {
	text := withRelay("app_id: jitsi-app, secret_file: inner.secret, audience: meet, domain_verification: false")
	text = strings.Replace(text, "component: {jid: usher.meet.example.com, secret_file: component.secret}\n", "", 1)
	lines, _ := printed(t, text)
	for _, want := range []string{"  signature_algorithm = \"HS256\"\n", "enable_domain_verification = false ",
		"asap_accepted_audiences = { \"meet\" }", "{ \"token_verification\", \"token_affiliation\" }"} {
		if !strings.Contains(lines, want) {
			t.Errorf("there is no %s in\n%s", want, lines)
		}
	}
	if strings.Contains(lines, "0123456789abcdef") {
		t.Errorf("the secret is in\n%s", lines)
	}
	parses(t, lines)
}

// TestLinesOfBoth: a plain Prosody's host beside one with a relay has its own lines.
func TestLinesOfBoth(t *testing.T) {
	lines, _ := printed(t, withRelay("app_id: jitsi-app, key_file: inner.pem")+plainHost)
	relay, asks, found := strings.Cut(lines, "VirtualHost \"chat.example.com\"")
	if !found || !strings.Contains(relay, "signature_algorithm") || !strings.Contains(asks, "authentication = \"dovecot\"") ||
		!strings.Contains(asks, "Component \"rooms.chat.example.com\" \"muc\"") || strings.Contains(asks, "token_verification\" }") {
		t.Errorf("%s", lines)
	}
	parses(t, lines)
}

// TestLinesOfSeveral: where a Prosody has several ushers, their components stand side by side.
func TestLinesOfSeveral(t *testing.T) {
	const note = "-- This is usher a of cell shard1. Each other usher of this Prosody has a Component of its own"
	text := withRelay("app_id: jitsi-app, key_file: inner.pem")
	text = strings.Replace(text, `"memory:"`, `"sqlite:/var/lib/usher/usher.db"`, 1)
	if lines, _ := printed(t, text); strings.Contains(lines, "other usher") {
		t.Errorf("an usher that is alone hears of others:\n%s", lines)
	}
	lines, _ := printed(t, text+"cluster: {redis: \"redis://127.0.0.1:6379\", secret_files: [cluster.secret], node: a, "+
		"cell: shard1}\n")
	if !strings.Contains(lines, note) || !strings.Contains(lines, "admins = { \"usher.meet.example.com\"") {
		t.Errorf("%s", lines)
	}
	parses(t, lines)
}

// parses wants lines to be Lua, where that is installed.
func parses(t *testing.T, lines string) {
	t.Helper()
	luac, err := exec.LookPath("luac5.4")
	if err != nil {
		return
	}
	cmd := exec.CommandContext(t.Context(), luac, "-p", "-")
	cmd.Stdin = strings.NewReader(lines)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s\n%s", err, out, lines)
	}
}
