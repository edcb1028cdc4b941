package signin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"usher/e2e/provider"
)

// guide is docs/sign-in.md.
func guide(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "sign-in.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// documented are the issuers of the configuration in a section of the guide, for a provider of a test.
func documented(t *testing.T, section string, p *provider.Provider) string {
	t.Helper()
	_, text, found := strings.Cut(guide(t), "\n## "+section+"\n")
	_, text, isBlock := strings.Cut(text, "```yaml\n")
	text, _, _ = strings.Cut(text, "```")
	_, text, has := strings.Cut(text, "    issuers:\n")
	if !found || !isBlock || !has {
		t.Fatalf("the guide has no issuer under %q", section)
	}
	var lines strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "      ") {
			break
		}
		lines.WriteString(strings.ReplaceAll(line, "https://id.example.com/realms/main", p.Issuer))
	}
	return lines.String() + "        ca_file: " + p.CAFile + "\n"
}
