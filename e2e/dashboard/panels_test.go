package dashboard

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

const file = "../../deploy/grafana-dashboard.json"

// A panel is a part of the dashboard, in Grafana's words.
type panel struct {
	Type, Title string
	GridPos     struct{ X, Y, W, H int }
	Targets     []target
	Panels      []panel // of a row that is closed
	Options     struct{ TextMode string }
	FieldConfig struct {
		Defaults struct {
			Unit     string
			Mappings []struct {
				Options map[string]struct{ Text string }
			}
		}
	}
}

// word is what a stat panel shows for its value.
func (p panel) word(s series) string {
	v := s.points[len(s.points)-1].value
	if p.Options.TextMode == "name" {
		return s.name
	}
	for _, m := range p.FieldConfig.Defaults.Mappings {
		if mapped, there := m.Options[shown(v, "")]; there {
			return mapped.Text
		}
	}
	return shown(v, p.FieldConfig.Defaults.Unit)
}

type target struct{ Expr, LegendFormat string }

// readPanels returns the panels, and how many of them are seen: those of closed rows come after the others.
func readPanels(t *testing.T) (list []panel, seen int) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct{ Panels []panel }
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	list = dashboard.Panels
	for _, p := range dashboard.Panels {
		list = append(list, p.Panels...)
	}
	return list, len(dashboard.Panels)
}

// query is the target's, with Grafana's variables filled in.
func (x target) query() string {
	return strings.NewReplacer("$__rate_interval", "10s", "$instance", ".*", "$__range", "5m").Replace(x.Expr)
}

// legend is the name of one of its series.
func (x target) legend(labels map[string]string) string {
	name := x.LegendFormat
	for key, value := range labels {
		name = strings.NewReplacer("{{"+key+"}}", value, "{{ "+key+" }}", value).Replace(name)
	}
	return name
}
