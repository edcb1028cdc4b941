package console

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"usher/e2e/browser/axe"
	"usher/e2e/browser/driver"
)

// maxWeight is how much a page with its style and script may weigh over the network, in bytes.
const maxWeight = 60 << 10

// ordinary is how a page is looked at unless a test says otherwise.
var ordinary = driver.View{Width: 1280, Height: 800}

// A view is how every page is looked at once.
type view struct {
	name string
	driver.View
	pictured bool
}

func views() []view {
	phone := driver.View{Width: 360, Height: 740, Phone: true}
	wide := driver.View{Width: 1920, Height: 1080}
	dark := func(v driver.View) driver.View { v.Dark = true; return v }
	return []view{{"phone", phone, true}, {"phone-dark", dark(phone), false}, {"wide", wide, false},
		{"wide-dark", dark(wide), true}}
}

// look looks at a page as it is now, in each view: it keeps a picture, asks axe-core, and wants nothing to stand out of
// the screen.
func (d *desk) look(t *testing.T, p *driver.Page, name string) {
	t.Helper()
	d.controls.look(t, p, name)
	for _, v := range views() {
		p.As(t, v.View)
		if wide := driver.Eval[string](t, p, standsOut); wide != "" {
			t.Errorf("%s, %s: stands out to the right:\n%s", name, v.name, wide)
		}
		for _, label := range driver.Eval[[]string](t, p, torn) {
			t.Errorf("%s, %s: torn within a word: %s", name, v.name, label)
		}
		report := axe.Look(t, p)
		for _, f := range report.Violations {
			t.Errorf("%s, %s: %v", name, v.name, f)
		}
		d.looks = append(d.looks, looked{Page: name, View: v.name, Report: report})
		if v.pictured {
			p.ScreenshotIn(t, d.kept, name+"-"+v.name)
		}
	}
	p.As(t, ordinary)
	d.quiet(t, p, name)
}

// standsOut names the elements that make a page wider than the screen.
const standsOut = `(() => {
	const width = document.documentElement.clientWidth;
	if (document.documentElement.scrollWidth <= width && document.body.scrollWidth <= width) return "";
	return [...document.body.querySelectorAll("*")].filter((e) => e.getBoundingClientRect().right > width + 1)
		.map((e) => e.outerHTML.slice(0, 200)).slice(0, 5).join("\n") || "something of no element";
})()`

// torn are labels that have more lines than words: they are written from top to bottom, a letter a line.
const torn = `[...document.querySelectorAll("button, .button, th, caption, label, nav a, h1, h2, dt")].filter((e) => {
	const range = document.createRange();
	range.selectNodeContents(e);
	const lines = new Set([...range.getClientRects()].filter((r) => r.width > 1 && r.height > 1)
		.map((r) => Math.round(r.bottom / 6)));
	const words = e.innerText.trim().split(/[\s–-]+/);
	return e.checkVisibility() && lines.size > words.length && words.every((w) => w.length < 20);
}).map((e) => e.outerHTML.slice(0, 150)).slice(0, 5)`

// quiet wants the browser to have complained about nothing: above all, that no policy was broken.
func (d *desk) quiet(t *testing.T, p *driver.Page, name string) {
	t.Helper()
	for _, complaint := range p.Complaints(t) {
		t.Errorf("%s: the browser complains: %s", name, complaint)
	}
}

// weigh loads a page anew, and wants it to be light.
func (d *desk) weigh(t *testing.T, p *driver.Page, name string) {
	t.Helper()
	p.Cache(t, false)
	p.Reload(t)
	p.Cache(t, true)
	parts := driver.Eval[map[string]float64](t, p, `Object.fromEntries([...performance.getEntriesByType("navigation"),
		...performance.getEntriesByType("resource")].map((e) => [e.name, e.transferSize]))`)
	sum, files := 0, map[string]int{}
	for part, size := range parts {
		sum += int(size)
		if u, err := url.Parse(part); err == nil {
			files[u.Path] = int(size)
		}
	}
	d.weights[name] = sum
	if sum > maxWeight || len(parts) < 4 {
		t.Errorf("%s weighs %d bytes: %v", name, sum, files)
	}
}

// A looked is what axe-core said of a page in a view.
type looked struct {
	Page string `json:"page"`
	View string `json:"view"`
	axe.Report
}

// tell keeps the report, and prints what a person must judge.
func (d *desk) tell(t *testing.T) {
	t.Helper()
	text, err := json.MarshalIndent(map[string]any{"looks": d.looks, "weights": d.weights}, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(d.kept, "axe.json")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	passed, violations, incomplete := 0, 0, map[string]bool{}
	for _, l := range d.looks {
		passed += len(l.Passed)
		violations += len(l.Violations)
		for _, f := range l.Incomplete {
			incomplete[fmt.Sprintf("%s: %s", f.Rule, l.Page)] = true
		}
	}
	t.Logf("axe-core looked %d times: %d rules kept, %d broken, to be judged by a person: %v; %s", len(d.looks), passed,
		violations, incomplete, file)
	t.Logf("bytes over the network: %v", d.weights)
}
