package try

import (
	"os"
	"path/filepath"
	"testing"

	"usher/internal/config"
)

// trialWith is a trial of a configuration with these further lines.
func trialWith(t *testing.T, lines string) *Trial {
	t.Helper()
	dir := t.TempDir()
	name := filepath.Join(dir, "usher.yaml")
	for file, text := range map[string]string{
		"usher.yaml": "hosts:\n  meet.example.com:\n    issuers: {a: {secret_files: [a.secret]}}\n" + lines,
		"a.secret":   "0f4c1b7d9e2a6835c4d1e7f0a9b8c6d50f4c1b7d9e2a6835c4d1e7f0a9b8c6d5\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	loaded, problems := config.Load(name)
	if loaded == nil {
		t.Fatal(problems)
	}
	return &Trial{Config: loaded, ConfigFile: name, Host: "meet.example.com", Issuer: "a"}
}

// TestTargets: where a trial begins if nobody says.
func TestTargets(t *testing.T) {
	const listens = "listen: {gateway: \"127.0.0.1:8281\"}\n"
	origins := func(list string) string { return listens + "gateway: {origins: [" + list + "]}\n" }
	for lines, want := range map[string]string{
		"":                                      "meet.example.com:5222",
		listens:                                 "wss://meet.example.com/xmpp-websocket",
		origins(`"*"`):                          "wss://meet.example.com/xmpp-websocket",
		origins(`"https://v.example.org:8443"`): "wss://v.example.org:8443/xmpp-websocket",
		origins(`"http://a.example", "https://b.example"`): "wss://b.example/xmpp-websocket",
	} {
		if got := TargetOf(trialWith(t, lines).Config, "meet.example.com").String(); got != want {
			t.Errorf("%s: got %s, want %s", lines, got, want)
		}
	}
}

// TestParse: addresses as people write them.
func TestParse(t *testing.T) {
	for s, want := range map[string]string{
		"https://meet.example.com": "wss://meet.example.com/xmpp-websocket", "wss://a:8443/x/y": "wss://a:8443/x/y",
		"http://127.0.0.1:8281": "ws://127.0.0.1:8281/xmpp-websocket", "ws://[::1]:80/": "ws://[::1]:80/xmpp-websocket",
		"ws://a.example": "", "wss://a?token=x": "", "wss://a?": "", "wss://a#x": "", "wss://u:p@a": "", "wss://": "",
		"a.example": "", "wss://:443": "", "ftp://a": "", "://": "",
	} {
		target, err := ParseURL(s)
		if (err == nil) != (want != "") || err == nil && target.String() != want {
			t.Errorf("%s: %v, %v; want %q", s, target, err, want)
		}
	}
	for s, want := range map[string]string{
		"localhost": "localhost:5222", "a.example:5223": "a.example:5223", "::1": "[::1]:5222", "[::1]:5299": "[::1]:5299",
		"[::1]": "[::1]:5222", "": "", ":5222": "", "a/b": "", "a?b": "", "a:": "",
	} {
		target, err := ParseC2S(s)
		if (err == nil) != (want != "") || err == nil && target.String() != want {
			t.Errorf("%s: %v, %v; want %q", s, target, err, want)
		}
	}
}

// FuzzParseURL: what is taken has neither a query nor a user in it, and goes encrypted or stays on the machine.
func FuzzParseURL(f *testing.F) {
	for _, s := range []string{"wss://a/b", "http://localhost", "https://u@a", "ws://127.0.0.1?x", "wss://a\x00b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		target, err := ParseURL(s)
		if err != nil {
			return
		}
		u := target.URL
		host, port := target.address()
		if u.RawQuery != "" || u.User != nil || u.Fragment != "" || host == "" || port == "" {
			t.Errorf("%q: %+v", s, u)
		}
		if u.Scheme != "wss" && (u.Scheme != "ws" || !local(host)) {
			t.Errorf("%q: %s to %q", s, u.Scheme, host)
		}
	})
}
