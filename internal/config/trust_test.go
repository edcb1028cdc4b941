package config

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"usher/internal/config/configtest"
)

// TestCAFileCounts: what ca_file holds is what the issuer's key server is believed by.
func TestCAFileCounts(t *testing.T) {
	dir := configtest.KeyFolder(t)
	config := badConfig{config: "issuer: jwks_url: 'https://keys.example.com/jwks', algorithms: [RS256], ca_file: ca.pem"}
	c, problems := Load(configtest.PutFile(t, dir, "usher.yaml", config.content(), 0o640))
	want, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil || c == nil {
		t.Fatal(err, configtest.Printed(problems, dir))
	}
	if got := c.Auth.Hosts["h"].Issuers["a"].Keys.CA; !bytes.Equal(got, want) {
		t.Errorf("it is believed by %d bytes, of %d", len(got), len(want))
	}
}

// TestAnySubOfEither: where two hosts have one issuer and key, either of them that does not look at sub is warned of.
func TestAnySubOfEither(t *testing.T) {
	dir := configtest.KeyFolder(t)
	for subjects, warned := range map[[2]string]bool{
		{"tenant", "tenant"}: false, {"any", "tenant"}: true, {"tenant", "any"}: true, {"any", "any"}: true,
	} {
		var b strings.Builder
		b.WriteString("hosts:\n")
		for i, subject := range subjects {
			fmt.Fprintf(&b, "  %c: {issuers: {a: {secret_files: [my-app.secret], audience: [jitsi]}}, tokens: {subject: %s}}\n",
				'g'+i, subject)
		}
		_, problems := Load(configtest.PutFile(t, dir, "usher.yaml", b.String(), 0o640))
		got := configtest.Printed(problems, dir)
		if strings.Contains(got, "any a token made for one host is good on the other") != warned {
			t.Errorf("%v: %s", subjects, got)
		}
	}
}

// TestConsoleSocket: a console at a path needs its address, and no more than that.
func TestConsoleSocket(t *testing.T) {
	dir := configtest.KeyFolder(t)
	config := badConfig{config: "top: listen: {console: /run/usher/console.sock}\n" +
		"console: {url: 'https://console.example.com'}"}
	if _, problems := Load(configtest.PutFile(t, dir, "usher.yaml", config.content(), 0o640)); len(problems) > 0 {
		t.Error(configtest.Printed(problems, dir))
	}
}
