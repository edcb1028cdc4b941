package pages

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"usher/internal/console/layout"
)

// shown are all pages, with what they are shown by.
func shown() []string {
	return []string{"/", "/refusals", "/refusals?account=x&all=true&since=1h&reason=expired&door=gateway", "/explain", "/sessions",
		"/sessions?q=long", "/sessions/revoked", "/sessions/revoke", "/sessions/revoke?by=account&of=alice", "/waiting",
		"/sessions/allow?by=user&of=Alice&host=h&issuer=i", "/whitelist", "/whitelist/remove?jid=a@b&room=r", "/whitelist/import",
		"/audit", "/enter", "/error"}
}

// answers are the pages that follow a form that was not filled in as it should be, and one with a report.
func answers(t *testing.T, s *stand) map[string]*httptest.ResponseRecorder {
	t.Helper()
	return map[string]*httptest.ResponseRecorder{
		"explained": s.post(t, "/explain", url.Values{"token": {"x.y.z"}, "room": {nameOf(4)}}),
		"no token":  s.post(t, "/explain", nil),
		"no entry":  s.post(t, "/whitelist", url.Values{"note": {nameOf(4)}, "ends": {"8h"}}),
		"no list":   s.post(t, "/whitelist/import", url.Values{"list": {"a@b until=never"}, "replace": {"true"}}),
		"replace":   s.post(t, "/whitelist/import", url.Values{"list": {"a@b # " + nameOf(0)}, "replace": {"true"}}),
	}
}

// TestStructure: what a browser, a keyboard and a screen reader go by is right on every page, busy or empty, whatever
// strangers call themselves.
func TestStructure(t *testing.T) {
	for kind, api := range map[string]*standAPI{"busy": full(200), "empty": empty()} {
		s := newStand(api)
		for _, path := range shown() {
			w := s.get(t, path)
			t.Run(kind+path, func(t *testing.T) { look(t, s, w) })
		}
		for name, w := range answers(t, s) {
			t.Run(kind+name, func(t *testing.T) { look(t, s, w) })
		}
		api.failing = fmt.Errorf("the sessions are being loaded")
		t.Run(kind+" away", func(t *testing.T) {
			w := s.get(t, "/sessions")
			if look(t, s, w); w.Code != http.StatusServiceUnavailable || !strings.Contains(readable(t, w.Body.String()), "being loaded") {
				t.Errorf("status %d: %s", w.Code, w.Body)
			}
		})
	}
}

// look checks one page.
func look(t *testing.T, s *stand, w *httptest.ResponseRecorder) {
	t.Helper()
	page := w.Body.String()
	if kind := w.Header().Get("Content-Type"); kind != "text/html; charset=utf-8" || !strings.HasSuffix(page, "</html>\n") {
		t.Fatalf("%s: %.300s", kind, page)
	}
	if styles, script := len(asset(t, "usher.css")), len(asset(t, "usher.js")); len(page)+styles+script >= 60_000 {
		t.Errorf("the page has %d bytes, its styles %d, its script %d", len(page), styles, script)
	}
	doc := tree(t, page)
	ids, labels, headings := map[string]bool{}, map[string]bool{}, 0
	for n := range doc.Descendants() {
		if id := attr(n, "id"); id != "" && ids[id] {
			t.Errorf("two elements are called %q", id)
		} else if id != "" {
			ids[id] = true
		}
		if n.Data == "label" {
			labels[attr(n, "for")] = true
		}
		if n.Data == "h1" {
			headings++
		}
	}
	if headings != 1 || !ids["main"] {
		t.Errorf("%d headings of the first order", headings)
	}
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode {
			lookAt(t, s, n, ids, labels)
		}
		if n.Type == html.TextNode && n.Parent.Data != "textarea" && strings.ContainsAny(n.Data, "\u202e\x00") && attr(n.Parent, "class") != "hide" {
			t.Errorf("%q reorders what stands beside it, or is not seen", n.Data)
		}
	}
}

// lookAt checks one element.
func lookAt(t *testing.T, s *stand, n *html.Node, ids, labels map[string]bool) {
	t.Helper()
	for _, a := range n.Attr {
		if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
			t.Errorf("<%s %s>: no style and no script may stand in a page", n.Data, a.Key)
		}
		if a.Key == "aria-labelledby" || a.Key == "aria-describedby" {
			for id := range strings.FieldsSeq(a.Val) {
				if !ids[id] {
					t.Errorf("<%s %s=%q> names nothing", n.Data, a.Key, a.Val)
				}
			}
		}
	}
	switch n.Data {
	case "style":
		t.Error("styles in a page")
	case "script":
		if !strings.HasPrefix(attr(n, "src"), "/static/") || n.FirstChild != nil {
			t.Error("a script in a page")
		}
	case "input", "select", "textarea":
		if attr(n, "type") != "hidden" && !labels[attr(n, "id")] {
			t.Errorf("<%s name=%q> has no label", n.Data, attr(n, "name"))
		}
	case "form":
		method := strings.ToUpper(attr(n, "method"))
		if method == "" || !s.answers(method, attr(n, "action")) {
			t.Errorf("nobody answers the form %s %s", method, attr(n, "action"))
		}
	case "a":
		if href := attr(n, "href"); strings.HasPrefix(href, "/") && href != "/login" && !s.answers(http.MethodGet, href) {
			t.Errorf("nobody answers the link %s", href)
		} else if !strings.HasPrefix(href, "/") && href != "#main" {
			t.Errorf("the link %q leads elsewhere", href)
		}
	case "button", "th", "caption", "figcaption":
		if strings.TrimSpace(content(n)) == "" && attr(n, "id") != "live-pause" {
			t.Errorf("<%s> says nothing", n.Data)
		}
	case "img":
		if !slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "alt" }) {
			t.Error("<img> without alt")
		}
	}
}

// answers reports whether there is a route.
func (s *stand) answers(method, address string) bool {
	r, err := http.NewRequest(method, address, nil)
	if err != nil {
		return false
	}
	_, pattern := s.mux.Handler(r)
	return pattern != ""
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func content(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	}
	return b.String()
}

func asset(t *testing.T, name string) []byte {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, layout.AssetPath(name), nil)
	r.SetPathValue("name", name)
	layout.Assets(w, r)
	if w.Code != http.StatusOK || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
		t.Fatalf("%s: status %d", name, w.Code)
	}
	return w.Body.Bytes()
}
