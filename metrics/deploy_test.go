package metrics_test

import (
	"encoding/json"
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

func TestDashboardIsJSON(t *testing.T) {
	content, err := os.ReadFile("../deploy/grafana-dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct{ Targets []struct{ Expr string } }
	}
	if err := json.Unmarshal(content, &dashboard); err != nil {
		t.Fatal(err)
	}
	for i, p := range dashboard.Panels {
		if len(p.Targets) == 0 {
			t.Errorf("panel %d asks for nothing", i+1)
		}
	}
}
