package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"usher/internal/config/configtest"
	"usher/internal/config/hostsection"
)

// A badConfig is one configuration and all that is said about it. Those that
// start with "issuer: ", "tokens: ", "rooms: ", "gateway: ", "console: " or "top: " are completed by content.
type badConfig struct{ config, want string }

// content puts the row's part where it belongs, so that the rest is good.
func (b badConfig) content() string {
	where, rest, _ := strings.Cut(b.config, ": ")
	switch where {
	case "issuer":
		return "hosts:\n  h:\n    issuers:\n      a: {" + rest + "}\n"
	case "tokens":
		return "hosts:\n  h:\n    issuers: {a: {secret_files: [my-app.secret]}}\n    tokens: {" + rest + "}\n"
	case "rooms":
		return "listen: {http: '127.0.0.1:8280'}\nhttp_secret_file: http.secret\ncomponent: {jid: usher.h, secret_file: other.secret}\n" +
			"hosts:\n  h: {issuers: {a: {secret_files: [my-app.secret]}}, " + rest + "}\n"
	case "gateway":
		return "{listen: {gateway: '127.0.0.1:8281'}, gateway: {" + rest + "},\nhosts: {h: {issuers: {a: {secret_files: [my-app.secret]}}}}}\n"
	case "console":
		return "listen: {console: '127.0.0.1:9281'}\nconsole: {" + rest + "}\nhosts:\n  h: {issuers: {a: {secret_files: [my-app.secret], audience: [jitsi], account_prefix: a-}," +
			" b: {secret_files: [other.secret], account_prefix: b-}}}\n  g: {issuers: {a: {secret_files: [my-app.secret], audience: ['*']," +
			" account_prefix: a-}, c: {public_key_files: [rsa.pem], algorithms: [RS256], audience: [jitsi, x], account_prefix: c-}}}\n"
	case "top":
		return rest + "\nhosts: {h: {issuers: {a: {secret_files: [my-app.secret]}}}}\n"
	}
	return b.config
}

func TestConfigProblems(t *testing.T) {
	dir := configtest.KeyFolder(t)
	for _, row := range slices.Concat(badConfigs, badRooms, badGateways, badRelays, badConsoles) {
		path := configtest.PutFile(t, dir, "usher.yaml", row.content(), 0o640)
		c, problems := Load(path)
		got := strings.TrimSuffix(configtest.Printed(problems, dir), "\n")
		got = strings.ReplaceAll(got, "usher.yaml:", "")
		if got != row.want {
			t.Errorf("%q:\n got %s\nwant %s", row.config, got, row.want)
		}
		if bad := strings.Contains(row.want, ": error: "); (c == nil) != bad {
			t.Errorf("%q: config %v", row.config, c)
		}
	}
}

func TestConfigUnreadable(t *testing.T) {
	dir := configtest.KeyFolder(t)
	path := filepath.Join(dir, "none.yaml")
	_, problems := Load(path)
	want := "none.yaml:1:1: error: the configuration cannot be read: no such file or directory — create it, or correct the name\n"
	if got := configtest.Printed(problems, dir); got != want {
		t.Errorf("got %s want %s", got, want)
	}
	_, problems = Load(filepath.Join(dir, "folder"))
	want = "folder:1:1: error: the configuration is a folder or device — name a file\n"
	if got := configtest.Printed(problems, dir); got != want {
		t.Errorf("got %s want %s", got, want)
	}
}

func TestConfigWritableByAll(t *testing.T) {
	dir := configtest.KeyFolder(t)
	path := configtest.PutFile(t, dir, "usher.yaml", "hosts: {}", 0o666)
	_, problems := Load(path)
	want := "usher.yaml:1:1: warning: everybody may write the configuration — chmod o-w usher.yaml\n" +
		"usher.yaml:1:8: error: there are no hosts — " + hostsection.MendNone + "\n"
	if got := configtest.Printed(problems, dir); got != want {
		t.Errorf("got %s want %s", got, want)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
}
