package metrics_test

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestDeployNamesSeries keeps the alert rules and the dashboard to series
// that exist, and sees to it that each series is in use.
func TestDeployNamesSeries(t *testing.T) {
	text := scrape(t, lived())
	var used strings.Builder
	for _, file := range []string{"../deploy/prometheus-rules.yaml", "../deploy/grafana-dashboard.json"} {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		used.WriteString(string(content))
		for _, name := range regexp.MustCompile(`\busher_\w+`).FindAllString(string(content), -1) {
			if !strings.Contains(text, "\n"+name+" ") && !strings.Contains(text, "\n"+name+"{") {
				t.Errorf("%s: there is no series %s", file, name)
			}
		}
	}
	for _, m := range regexp.MustCompile(`# TYPE (usher_\w+)`).FindAllStringSubmatch(text, -1) {
		if !strings.Contains(used.String(), m[1]) {
			t.Errorf("neither an alert nor a panel has %s", m[1])
		}
	}
}

// A panel is one of the dashboard, or a row of them.
type panel struct {
	ID          int
	Type, Title string
	Description string
	Collapsed   bool
	GridPos     struct{ X, Y, W, H int }
	Targets     []struct{ Expr string }
	Panels      []panel // of a row that is collapsed
}

// dashboard returns the rows and the panels, in the order in which they are seen.
func dashboard(t *testing.T) []panel {
	t.Helper()
	content, err := os.ReadFile("../deploy/grafana-dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var read struct{ Panels []panel }
	if err := json.Unmarshal(content, &read); err != nil {
		t.Fatal(err)
	}
	var list []panel
	for _, p := range read.Panels {
		list = append(append(list, p), p.Panels...)
	}
	return list
}

// TestDashboard: each panel stands in a row, beside no other, says what it shows, and asks for something.
func TestDashboard(t *testing.T) {
	ids, titles, taken := map[int]bool{}, map[string]bool{}, map[[2]int]string{}
	rows := 0
	for i, p := range dashboard(t) {
		if ids[p.ID] || titles[p.Title] || p.Title == "" {
			t.Errorf("panel %d, %q: there are two of them", p.ID, p.Title)
		}
		ids[p.ID], titles[p.Title] = true, true
		isRow := p.Type == "row"
		if isRow {
			rows++
		}
		if i == 0 && !isRow || isRow == (len(p.Targets) > 0) || isRow == (len(p.Description) > 10) ||
			len(p.Panels) > 0 != p.Collapsed {
			t.Errorf("panel %q: type %s, description %q, asks for %v", p.Title, p.Type, p.Description, p.Targets)
		}
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("%q stands where %q does", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
	if rows < 5 || len(ids) < 30 {
		t.Errorf("%d rows, %d panels", rows, len(ids))
	}
}

// TestQueriesNameLabels: a query of the dashboard or of an alert has no label that its series lack.
func TestQueriesNameLabels(t *testing.T) {
	labels := map[string]map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^(usher_\w+)(?:\{(.*)\})? `).FindAllStringSubmatch(scrape(t, lived()), -1) {
		if labels[m[1]] == nil {
			labels[m[1]] = map[string]bool{"instance": true}
		}
		for _, l := range regexp.MustCompile(`(\w+)="`).FindAllStringSubmatch(m[2], -1) {
			labels[m[1]][l[1]] = true
		}
	}
	var queries []string
	for _, p := range dashboard(t) {
		for _, q := range p.Targets {
			queries = append(queries, q.Expr)
		}
	}
	rules, err := os.ReadFile("../deploy/prometheus-rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?s)\n        expr: (.*?)\n        \w`).FindAllStringSubmatch(string(rules), -1) {
		queries = append(queries, m[1])
	}
	for _, q := range queries {
		all := map[string]bool{}
		for _, m := range regexp.MustCompile(`(usher_\w+)(?:\{([^}]*)\})?`).FindAllStringSubmatch(q, -1) {
			maps.Copy(all, labels[m[1]])
			for _, l := range regexp.MustCompile(`(\w+) *[=!]~?=?"`).FindAllStringSubmatch(m[2], -1) {
				if !labels[m[1]][l[1]] {
					t.Errorf("%s: %s has no label %s", q, m[1], l[1])
				}
			}
		}
		for _, m := range regexp.MustCompile(`(?:by|on|ignoring) \(([^)]*)\)`).FindAllStringSubmatch(q, -1) {
			for l := range strings.SplitSeq(m[1], ",") {
				if !all[strings.TrimSpace(l)] {
					t.Errorf("%s: no series of it has the label %s", q, l)
				}
			}
		}
	}
	if len(queries) < 60 {
		t.Errorf("only %d queries were found", len(queries))
	}
}
