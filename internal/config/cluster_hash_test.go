package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRulesHash: two ushers with the same rules agree, whatever is where; with other rules they do not.
func TestRulesHash(t *testing.T) {
	const base = "listen: {dovecot: D/auth.sock}\nstate: memory:\nhosts:\n  h.example.com:\n    tokens: {leeway: 10s}\n" +
		"    issuers: {app: {secret_files: [D/app.secret], audience: [jitsi]}}\n"
	hash := func(change ...string) string {
		t.Helper()
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "app.secret"), []byte("an-issuer-secret-that-is-long-enough-for-HS256"), 0o600); err != nil {
			t.Fatal(err)
		}
		text := strings.NewReplacer(append(change, "D/", dir+"/")...).Replace(base)
		path := filepath.Join(dir, "usher.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, problems := Load(path)
		if c == nil {
			t.Fatal(problems)
		}
		return c.RulesHash()
	}
	same := hash()
	if len(same) != 16 || hash("state: memory:", "state: memory: # another comment") != same {
		t.Errorf("%q is not that of the same rules elsewhere", same)
	}
	for _, change := range [][]string{{"10s", "11s"}, {"[jitsi]", "[jitsi, other]"}, {"app:", "other:"}} {
		if hash(change...) == same {
			t.Errorf("%q makes no difference", change)
		}
	}
}
