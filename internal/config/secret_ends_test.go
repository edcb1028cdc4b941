package config

import (
	"strings"
	"testing"

	"usher/internal/config/configtest"
)

// TestSecretEnds: the one line end that echo and editors write is no part of a secret, wherever one is named; other
// white space at its ends is named, or refused.
func TestSecretEnds(t *testing.T) {
	dir := configtest.KeyFolder(t)
	const secret = "a94a8fe5ccb19ba61c4c0873d391e987982fbbd3a94a8fe5ccb19ba61c4c0873"
	for _, where := range []string{
		"issuer: secret_files: [x]",
		"top: http_secret_file: x",
		"top: component: {jid: usher.h, secret_file: x}",
		"top: cluster: {" + clustered + ", password_file: x}",
		"top: cluster: {redis: 'redis://127.0.0.1:6379/0', secret_files: [x], node: a, cell: b}",
	} {
		for _, c := range []struct {
			ends  string // around the secret, which is S
			named bool
		}{{"S", false}, {"S\n", false}, {"S\r\n", false}, {"S ", true}, {"S\n\n", true}, {" S\n", true}, {"S\t\n", true},
			{"S\r\n\r\n", true}, {"S\r", true}} {
			content := strings.Replace(c.ends, "S", secret, 1)
			configtest.PutFile(t, dir, "x", content, 0o600)
			_, problems := Load(configtest.PutFile(t, dir, "usher.yaml", badConfig{config: where}.content(), 0o640))
			got := configtest.Printed(problems, dir)
			if strings.Contains(got, secret) {
				t.Fatalf("%s shows the secret: %s", where, got)
			}
			if strings.Contains(got, `"x"`) != c.named || c.named && !strings.Contains(got, "white space at an end") &&
				!strings.Contains(got, "more than one line end") {
				t.Errorf("%s with %q: %s", where, c.ends, got)
			}
		}
	}
}
