// Package axe answers "what of this page is hard for a person who does not see it, or uses no mouse?": axe-core, as npm
// has it, looks at a page in the browser. scripts/install.sh unpacks it.
package axe

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"usher/e2e/browser/driver"
	"usher/e2e/parts"
)

// Env is the environment variable that overrides where scripts/install.sh unpacked axe-core.
const Env = "USHER_AXE"

// ErrMissing is in the error of Find when axe-core is not on this machine.
var ErrMissing = errors.New("axe-core is not installed: run scripts/install.sh axe")

// Find returns the file of the program.
func Find() (string, error) {
	dir := os.Getenv(Env)
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", ErrMissing
		}
		dir = filepath.Join(cache, "usher", "axe-4.14.1") // scripts/install.sh must compute the same
	}
	file := filepath.Join(dir, "axe.min.js")
	if _, err := os.Stat(file); err != nil {
		return "", parts.Why("axe", ErrMissing)
	}
	return file, nil
}

// Require skips the test when axe-core is not installed, or fails it where the environment says CI.
func Require(t testing.TB) {
	t.Helper()
	_, err := Find()
	parts.Need(t, err)
}

// A Finding is a rule of axe-core that a page breaks.
type Finding struct {
	Rule   string   `json:"id"`
	Impact string   `json:"impact"` // minor, moderate, serious or critical
	Help   string   `json:"help"`
	Where  []string `json:"where"` // an element each, as HTML, and why
}

func (f Finding) String() string {
	return fmt.Sprintf("%s (%s): %s\n  %s", f.Rule, f.Impact, f.Help, strings.Join(f.Where, "\n  "))
}

// A Report is what axe-core says of a page.
type Report struct {
	Passed     []string  `json:"passed"`     // rules that the page keeps
	Violations []Finding `json:"violations"` // rules that it breaks
	Incomplete []Finding `json:"incomplete"` // rules that a person must judge
}

// ask runs every rule of axe-core but those of WCAG's level AAA, and leaves of its long answer what is read here.
const ask = `axe.run(document, {rules: {"target-size": {enabled: true}}}).then((all) => {
	const short = (findings) => findings.map((f) => ({id: f.id, impact: f.impact || "", help: f.help, where: f.nodes.map(
		(n) => n.html.slice(0, 300) + "  <-- " + (n.failureSummary || "").replace(/\s+/g, " "))}));
	return {passed: all.passes.map((p) => p.id), violations: short(all.violations), incomplete: short(all.incomplete)};
})`

// Look has axe-core look at a page as it is now.
func Look(t testing.TB, p *driver.Page) Report {
	t.Helper()
	file, err := Find()
	parts.Need(t, err)
	if !driver.Eval[bool](t, p, `typeof axe === "object"`) {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p.Do(t, string(source)+"\n;0")
	}
	return driver.Eval[Report](t, p, ask)
}
