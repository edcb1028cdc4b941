package world

import (
	"bufio"
	"context"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"usher/e2e/daemon"
)

// withConsole adds usher's pages to its configuration.
func (w *World) withConsole(o Options) Options {
	if o.Console {
		address := daemon.FreeAddress(w.t)
		w.Console = "http://" + address
		o.Listen += "  console: " + address + "\n"
		o.Sections += "console: {url: \"" + w.Console + "\"}\n"
	}
	return o
}

// A Visitor looks at usher's pages, with cookies and without a script.
type Visitor struct {
	t      testing.TB
	origin string
	http   *http.Client
}

// Visitor is somebody who has not come in.
func (w *World) Visitor(t testing.TB) *Visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Visitor{t, w.Console, &http.Client{Jar: jar, CheckRedirect: stay, Timeout: 30 * time.Second}}
}

// A Page is what a visitor was answered.
type Page struct {
	Status int
	To     string // where the visitor is sent
	Text   string // without its tags
}

var tag = regexp.MustCompile(`<[^>]*>`)

func (v *Visitor) page(resp *http.Response, err error) Page {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return Page{resp.StatusCode, resp.Header.Get("Location"), html.UnescapeString(tag.ReplaceAllString(string(text), ""))}
}

// Gets asks for a page.
func (v *Visitor) Gets(path string) Page {
	v.t.Helper()
	return v.page(v.http.Get(v.origin + path))
}

// Posts sends a form.
func (v *Visitor) Posts(path string, form url.Values) Page {
	v.t.Helper()
	return v.page(v.http.PostForm(v.origin+path, form))
}

// Enters pastes a link, or its code, into the one form.
func (v *Visitor) Enters(link string) Page {
	v.t.Helper()
	return v.Posts("/enter", url.Values{"code": {link}})
}

// Events opens a stream, and returns its lines; the channel is closed when the stream has ended.
func (v *Visitor) Events(path string) <-chan string {
	v.t.Helper()
	ctx, cancel := context.WithCancel(v.t.Context())
	v.t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, v.origin+path, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	stream := *v.http
	stream.Timeout = 0
	resp, err := stream.Do(req)
	if err != nil || resp.StatusCode != http.StatusOK {
		v.t.Fatalf("%s: %v, %v", path, resp, err)
	}
	lines := make(chan string, 1000)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(lines)
		defer resp.Body.Close()
		for in := bufio.NewScanner(resp.Body); in.Scan(); {
			lines <- in.Text()
		}
	}()
	v.t.Cleanup(func() { cancel(); <-done })
	return lines
}

var linkInText = regexp.MustCompile(`https?://[^\s"\\]+/enter#[A-Za-z0-9_-]+`)

// LinkIn is the link into the console that a message has.
func LinkIn(t testing.TB, text string) string {
	t.Helper()
	list := linkInText.FindAllString(text, -1)
	if len(list) != 1 || strings.Count(text, "/enter#") != 1 {
		t.Fatalf("%d links in %q", len(list), text)
	}
	return list[0]
}
