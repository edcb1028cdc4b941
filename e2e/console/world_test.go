package console

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"usher/e2e/browser/driver"
	"usher/e2e/world"
)

// A desk is a world with a console, and a browser that looks at it.
type desk struct {
	*world.World
	browser *driver.Browser
	kept    string // the folder of pictures and reports

	controls controls
	looks    []looked
	weights  map[string]int
}

// newDesk returns when all runs.
func newDesk(t *testing.T, o world.Options) *desk {
	t.Helper()
	driver.Require(t)
	o.Console = true
	w := world.New(t, world.AnyVersion(t), o)
	return &desk{
		World: w, browser: driver.Start(t, nil),
		kept:     driver.Kept(t, "console"),
		controls: controls{map[string]string{}, map[string]bool{}}, weights: map[string]int{},
	}
}

// options turn the lobby on, and take names as people have them.
func options() world.Options {
	return world.Options{Moderation: "others: member",
		Host: "    tokens: {account_charset: unicode}\n" +
			"    lobby:\n      rooms: {\"*\": on, \"open-*\": off}\n" +
			"      whitelist: [recorder@recorder.example.com]\n"}
}

// link is what usher console prints for an operator.
func (d *desk) link(t *testing.T) string {
	t.Helper()
	out := d.Usher.Run(t, "console")
	link := regexp.MustCompile(`https?://\S+/enter#\S+`).FindString(out)
	if link == "" {
		t.Fatalf("usher console prints no link:\n%s", out)
	}
	return link
}

// enter is an operator who has followed the link and pressed the button.
func (d *desk) enter(t *testing.T) *driver.Page {
	t.Helper()
	p := d.browser.Tab(t)
	p.As(t, ordinary)
	d.enterAt(t, p, d.link(t))
	return p
}

func (d *desk) enterAt(t *testing.T, p *driver.Page, link string) {
	t.Helper()
	if status := p.Go(t, link); status != http.StatusOK {
		t.Fatalf("the link leads to a page with the status %d", status)
	}
	p.Follow(t, "main button[type=submit]")
	d.at(t, p, "/")
}

// at wants the page to be at a path.
func (d *desk) at(t *testing.T, p *driver.Page, path string) {
	t.Helper()
	if got := driver.Eval[string](t, p, "location.pathname"); got != path {
		t.Fatalf("the page is at %s, not at %s:\n%s", got, path, p.Text(t))
	}
}

// says wants a page to say something to a person.
func says(t *testing.T, p *driver.Page, words ...string) {
	t.Helper()
	text := p.Text(t)
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("the page does not say %q:\n%s", w, text)
		}
	}
}

// rows wants that many elements.
func rows(t *testing.T, p *driver.Page, selector string, want int) {
	t.Helper()
	if got := driver.Eval[int](t, p, fmt.Sprintf("document.querySelectorAll(%q).length", selector)); got != want {
		t.Errorf("there are %d of %s, not %d:\n%s", got, selector, want, p.Text(t))
	}
}
