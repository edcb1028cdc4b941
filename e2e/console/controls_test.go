package console

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"usher/e2e/browser/driver"
)

//go:embed testdata/controls.js
var controlsScript string

// controls are those of all pages that were looked at, and those that were used. What a page offers and no test uses
// may be broken without anybody seeing it.
type controls struct {
	seen map[string]string // the name of each, and the page
	used map[string]bool
}

// look takes note of all controls of a page.
func (c *controls) look(t *testing.T, p *driver.Page, page string) {
	t.Helper()
	for _, name := range namesOf(t, p) {
		if c.seen[name] == "" {
			c.seen[name] = page
		}
	}
}

// namesOf are the names of a page's controls.
func namesOf(t *testing.T, p *driver.Page) []string {
	t.Helper()
	return driver.Eval[[]string](t, p, fmt.Sprintf(`((c) => c.controls().map(c.name))(%s)`, controlsScript))
}

// use takes note that a step uses what a selector finds.
func (c *controls) use(t *testing.T, p *driver.Page, selector string) {
	t.Helper()
	name := driver.Eval[string](t, p, fmt.Sprintf(
		`((c) => c.controls().filter((e) => e.matches(%q)).map(c.name)[0] || "")(%s)`, selector, controlsScript))
	if name == "" {
		t.Fatalf("%s is no control of the page:\n%s", selector, p.Text(t))
	}
	c.used[name] = true
}

// unused are the controls that no step has used, with a page that has them.
func (c *controls) unused() []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(c.seen)) {
		if !c.used[name] {
			list = append(list, fmt.Sprintf("%s (%s)", name, c.seen[name]))
		}
	}
	return list
}

// links are the controls of a page that lead to others, by a number for each that is its place among them.
func links(t *testing.T, p *driver.Page) map[string]int {
	t.Helper()
	all := map[string]int{}
	for i, name := range namesOf(t, p) {
		if _, known := all[name]; strings.Contains(name, "| link ") && !known {
			all[name] = i
		}
	}
	return all
}
