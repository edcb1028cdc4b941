package signin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"usher/e2e/provider"
)

// fenced is the first block of a language in a section of docs/sign-in.md.
func fenced(t *testing.T, section, language string) string {
	t.Helper()
	guide, err := os.ReadFile(filepath.Join("..", "..", "docs", "sign-in.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(guide), "\n## "+section+"\n")
	_, text, begins := strings.Cut(text, "```"+language+"\n")
	text, _, ends := strings.Cut(text, "```")
	if !found || !begins || !ends {
		t.Fatalf("the guide has no %s under %q", language, section)
	}
	return text
}

// documented are the issuers of the configuration in a section of the guide, for a provider of a test.
func documented(t *testing.T, section string, p *provider.Provider) string {
	t.Helper()
	_, text, has := strings.Cut(fenced(t, section, "yaml"), "    issuers:\n")
	if !has {
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
