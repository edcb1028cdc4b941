package config

import (
	"fmt"
	"strings"
	"testing"

	"usher/internal/config/configtest"
)

// said is what a configuration is told with a file of that content, which is called x.
func said(t *testing.T, dir, config, content string) string {
	t.Helper()
	configtest.PutFile(t, dir, "x", content, 0o600)
	c, problems := Load(configtest.PutFile(t, dir, "usher.yaml", badConfig{config: config}.content(), 0o640))
	got := configtest.Printed(problems, dir)
	if (c == nil) != strings.Contains(got, ": error: ") {
		t.Errorf("a configuration beside %s", got)
	}
	return got
}

// TestHTTPSecretBounds: the secret of the HTTP door has 16 to 256 characters, and none that a URL would change.
func TestHTTPSecretBounds(t *testing.T) {
	dir := configtest.KeyFolder(t)
	const config = "top: http_secret_file: x"
	for n, good := range map[int]bool{0: false, 15: false, 16: true, 256: true, 257: false} {
		if got := said(t, dir, config, strings.Repeat("s", n)); (got == "") != good {
			t.Errorf("%d characters: %s", n, got)
		}
	}
	for _, c := range "azAZ09-._~" {
		if got := said(t, dir, config, string(c)+"0123456789abcdef"); got != "" {
			t.Errorf("%q: %s", c, got)
		}
	}
	for _, c := range "`{@[/:,+=%&#?é\x00\x7f" {
		got := said(t, dir, config, "0123456789abcdef"+string(c)+"x")
		if !strings.Contains(got, "characters besides letters, digits and -._~") {
			t.Errorf("%q: %s", c, got)
		}
	}
}

// TestLineBounds: a secret of one line has 1 to 1,024 bytes.
func TestLineBounds(t *testing.T) {
	dir := configtest.KeyFolder(t)
	config := "top: cluster: {" + clustered + ", password_file: x}"
	for name, c := range map[string]struct{ content, want string }{
		"the shortest":  {"p", ""},
		"the longest":   {strings.Repeat("p", 1024) + "\n", ""},
		"one too long":  {strings.Repeat("p", 1025), "not one line of 1 to 1,024 bytes"},
		"and two ends":  {strings.Repeat("p", 1025) + "\n\n", "not one line of 1 to 1,024 bytes"},
		"none":          {"", "not one line of 1 to 1,024 bytes"},
		"an end alone":  {"\n", "not one line of 1 to 1,024 bytes"},
		"only ends":     {"\n\n", "not one line of 1 to 1,024 bytes"},
		"two lines":     {"p\nq\n", "not one line of 1 to 1,024 bytes"},
		"a zero":        {"p\x00q", "not one line of 1 to 1,024 bytes"},
		"a zero, ended": {"p\x00q\n\n", "not one line of 1 to 1,024 bytes"},
		"two ends":      {strings.Repeat("p", 1024) + "\n\n", "more than one line end"},
	} {
		if got := said(t, dir, config, c.content); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestOwnSecrets: of the files of secrets that ushers have, each has one of its own, and what cannot be read is said once.
func TestOwnSecrets(t *testing.T) {
	dir := configtest.KeyFolder(t)
	config := func(files string) string {
		return "top: cluster: {redis: 'redis://127.0.0.1:6379/0', secret_files: [" + files + "], node: a, cell: b}"
	}
	const secret = "a94a8fe5ccb19ba61c4c0873d391e987"
	configtest.PutFile(t, dir, "y", secret, 0o600)
	for files, want := range map[string]string{
		"x": "", "y, x": `the file "x" holds the secret of another`, "none": `"none" cannot be read`,
		"x, none": `"none" cannot be read`,
	} {
		got := said(t, dir, config(files), secret+"\n")
		if (got == "") != (want == "") || !strings.Contains(got, want) || strings.Count(got, ": error: ") > 1 {
			t.Errorf("[%s]: %s", files, got)
		}
	}
	if got := said(t, dir, config("x"), secret[:31]); !strings.Contains(got, "error: the cluster secret file") {
		t.Errorf("31 bytes: %s", got)
	}
}

// TestAdminBounds: console.admins has at most 32 entries, and an audience of at most 256 bytes.
func TestAdminBounds(t *testing.T) {
	dir := configtest.KeyFolder(t)
	entry := func(audience string) string {
		return "{host: g, issuer: c, claim: admin, audience: " + audience + "}"
	}
	list := func(n int) string {
		var all []string
		for i := range n {
			all = append(all, entry(fmt.Sprint("usher-", i)))
		}
		return strings.Join(all, ", ")
	}
	for admins, want := range map[string]string{
		list(32):                        "",
		list(33):                        "admins has 33 entries, 32 are the most",
		entry(strings.Repeat("u", 256)): "",
		entry(strings.Repeat("u", 257)): "audience: 257 bytes, 256 are the most",
	} {
		c, problems := Load(configtest.PutFile(t, dir, "usher.yaml", badConfig{config: "console: admins: [" + admins + "]"}.content(), 0o640))
		got := configtest.Printed(problems, dir)
		if (got == "") != (want == "") || !strings.Contains(got, want) || (c == nil) != (want != "") {
			t.Errorf("%d bytes: %s", len(admins), got)
		}
		if n := strings.Count(admins, "host:"); c != nil && len(c.Console.Admins) != n {
			t.Errorf("%d of %d entries", len(c.Console.Admins), n)
		}
	}
}

// TestConsoleURL: console.url is a scheme and a host, and nothing else.
func TestConsoleURL(t *testing.T) {
	dir := configtest.KeyFolder(t)
	for url, good := range map[string]bool{
		"https://console.example.com": true, "https://CONSOLE.example.com/": true, "https://console.example.com:8443": true,
		"http://127.0.0.1:9281": true, "http://[::1]:9281": true, "https://192.0.2.7": true,
		"https://": false, "https:///x": false, "https://:8443": false, "https://a_b.example.com": false, "https://%zz": false,
		"https://console.example.com/x": false, "https://console.example.com?x": false,
		"https://console.example.com#x": false, "//console.example.com": false, "''": false,
	} {
		config := "console: url: '" + strings.Trim(url, "'") + "'"
		c, problems := Load(configtest.PutFile(t, dir, "usher.yaml", badConfig{config: config}.content(), 0o640))
		if got := configtest.Printed(problems, dir); (c != nil) != good || (got == "") != good {
			t.Errorf("%s: %s", url, got)
		}
	}
}
