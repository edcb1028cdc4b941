package axe_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"usher/e2e/browser/axe"
	"usher/e2e/browser/driver"
)

const frame = `<!doctype html><html lang="en"><head><title>A page</title><link rel="icon" href="data:,"></head><body>
<main><h1>A page</h1>%s</main></body></html>`

// What is wrong with a page is found under any policy for its scripts, and nothing is found where nothing is wrong.
func TestLook(t *testing.T) {
	t.Parallel()
	axe.Require(t)
	rows := map[string]struct{ body, rule string }{
		"good":   {`<form><label>Name <input name="n"></label><button>Search</button></form>`, ""},
		"label":  {`<form><input name="n"><button>Search</button></form>`, "label"},
		"button": {`<button></button>`, "button-name"},
		"colour": {`<p style="color:#aaa;background:#fff">pale</p>`, "color-contrast"},
		"list":   {`<ul><p>no item</p></ul>`, "list"},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src data:")
		fmt.Fprintf(w, frame, rows[r.URL.Path[1:]].body)
	}))
	defer server.Close()
	browser := driver.Start(t, nil)
	for name, row := range rows {
		p := browser.Open(t, server.URL+"/"+name)
		report := axe.Look(t, p)
		if len(report.Passed) == 0 {
			t.Errorf("%s: no rule was kept", name)
		}
		found := slices.ContainsFunc(report.Violations, func(f axe.Finding) bool { return f.Rule == row.rule })
		if found != (row.rule != "") || row.rule == "" && len(report.Violations) > 0 {
			t.Errorf("%s: %v", name, report.Violations)
		}
		if complaints := p.Complaints(t); len(complaints) > 0 {
			t.Errorf("%s: %v", name, complaints)
		}
		p.Close()
	}
}
