package layout

import (
	"bytes"
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"strconv"
	"time"
)

//go:embed templates/*.html
var templates embed.FS

// A Layout makes pages of one console.
type Layout struct {
	zone *time.Location
	now  func() time.Time
	base *template.Template
}

// New returns a Layout that writes times in a zone; nil is the server's own. A nil now is time.Now.
func New(zone *time.Location, now func() time.Time) *Layout {
	if zone == nil {
		zone = time.Local
	}
	if now == nil {
		now = time.Now
	}
	l := &Layout{zone: zone, now: now}
	l.base = template.Must(template.New("frame.html").Funcs(l.functions()).ParseFS(templates, "templates/*.html"))
	return l
}

// A Template is a page without what it shows.
type Template struct {
	layout *Layout
	page   *template.Template
}

// Parse reads a page: files of fsys that define the template "content", and others that it calls. It panics if they
// cannot be read, as they are part of the program.
func (l *Layout) Parse(fsys fs.FS, files ...string) *Template {
	return &Template{l, template.Must(template.Must(l.base.Clone()).ParseFS(fsys, files...))}
}

// A Link is one of the navigation.
type Link struct{ Path, Text string }

// A Notice says what came of what was just done.
type Notice struct {
	Bad   bool // nothing was done, or not all of it
	Text  string
	Lines []string // more about it
}

// A View is what a page shows.
type View struct {
	Title   string // also the heading
	Lang    string // of the page, en or de; empty: en
	Path    string // of the page, as the navigation has it
	Nav     []Link // empty: none
	Who     string // who looks, for people, who may leave; empty: nobody has come in
	Events  string // path and query of the page's stream; empty: it does not change by itself
	Refresh int    // seconds after which the page is loaded again where there is no script; 0: never
	Notice  *Notice
	Content any // for the template "content", as .Content

	Now time.Time // set by Write
}

// Write answers with a page. Nothing is written before the whole page is made: on an error the answer is 500.
func (t *Template) Write(w http.ResponseWriter, status int, v View) error {
	v.Now = t.layout.now().In(t.layout.zone)
	var page bytes.Buffer
	if err := t.page.Execute(&page, v); err != nil {
		http.Error(w, "The page could not be made; usher's log says why.", http.StatusInternalServerError)
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(page.Len()))
	w.WriteHeader(status)
	_, _ = page.WriteTo(w) // who asked is gone if this fails
	return nil
}

// Words are what the frame says, in the page's language.
func (v View) Words() Words {
	if v.Lang == "de" {
		return german()
	}
	return english()
}

// Zone names the zone of the page's times.
func (v View) Zone() string { return v.Now.Format("MST") + ", UTC" + v.Now.Format("-07:00") }

// Zone is that of all times.
func (l *Layout) Zone() *time.Location { return l.zone }
