// Package alerts holds the alerts and the series to what Prometheus itself says of them.
package alerts

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"usher/e2e/parts"
)

// promtool runs Prometheus's own checks in the folder of what operators are given.
func promtool(t *testing.T, stdin string, args ...string) (string, error) {
	t.Helper()
	program, err := exec.LookPath("promtool")
	if err != nil {
		parts.Need(t, parts.Why("prometheus", errors.New("promtool is not installed: run scripts/install.sh prometheus")))
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir, cmd.Stdin = filepath.Join("..", "..", "deploy"), strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestRules: the alerts can be loaded, and say what their own tests want of them.
func TestRules(t *testing.T) {
	if out, err := promtool(t, "", "check", "rules", "prometheus-rules.yaml"); err != nil || !strings.Contains(out, "SUCCESS") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := promtool(t, "", "test", "rules", "prometheus-rules.test.yaml"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestRulesAreTested: the tests of the alerts fail for an alert that does not come, and for one that has another text.
func TestRulesAreTested(t *testing.T) {
	for name, change := range map[string][2]string{
		"never":        {"usher_ready == 0", "usher_ready == 7"},
		"another text": {"Nobody comes into a room by usher", "Somebody comes into a room by usher"},
	} {
		dir := t.TempDir()
		for _, file := range []string{"prometheus-rules.yaml", "prometheus-rules.test.yaml"} {
			text, err := os.ReadFile(filepath.Join("..", "..", "deploy", file))
			if err != nil {
				t.Fatal(err)
			}
			if file == "prometheus-rules.yaml" {
				text = []byte(strings.ReplaceAll(string(text), change[0], change[1]))
			}
			if err := os.WriteFile(filepath.Join(dir, file), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if out, err := promtool(t, "", "test", "rules", filepath.Join(dir, "prometheus-rules.test.yaml")); err == nil {
			t.Errorf("%s: %s", name, out)
		}
	}
}

// TestSeries: Prometheus finds nothing to say about the names and types of the series.
func TestSeries(t *testing.T) {
	scrape, err := os.ReadFile(filepath.Join("..", "..", "testdata", "metrics", "scrape.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if out, err := promtool(t, string(scrape), "check", "metrics"); err != nil || out != "" {
		t.Errorf("%v\n%s", err, out)
	}
}
