package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"usher/internal/config/configtest"
)

// clustered begins a section cluster with what it needs.
const clustered = "redis: 'redis://127.0.0.1:6379/0', secret_files: [my-app.secret], node: a, cell: shard1"

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

// TestClusterTokens: tokens that are too long for the other ushers to be told of are refused beside a cluster.
func TestClusterTokens(t *testing.T) {
	dir := configtest.KeyFolder(t)
	for _, row := range []struct {
		size    int
		section string
		refused bool
	}{{20 << 10, clustered, false}, {20<<10 + 1, clustered, true}, {MaxTokenSize, "", false}} {
		content := fmt.Sprintf("max_token_size: %d\n", row.size)
		if row.section != "" {
			content += "cluster: {" + row.section + "}\n"
		}
		_, problems := Load(configtest.PutFile(t, dir, "usher.yaml", content, 0o640))
		if got := strings.Contains(configtest.Printed(problems, dir), "as long as max_token_size allows"); got != row.refused {
			t.Errorf("%s%s", content, configtest.Printed(problems, dir))
		}
	}
}
