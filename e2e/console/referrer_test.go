package console

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"usher/e2e/tokens"
	"usher/e2e/world"
)

// A watch stands where a web server does, and notes what a browser says of the page that it comes from.
type watch struct {
	*httptest.Server
	mu   sync.Mutex
	seen []http.Header // of each request, with its method and path
}

// newWatch hands requests on, without the headers by which newer browsers say whose page sends a form.
func newWatch(t *testing.T, to http.Handler) *watch {
	t.Helper()
	w := &watch{}
	w.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		noted := r.Header.Clone()
		noted["Request"] = []string{r.Method, r.URL.RequestURI()}
		w.mu.Lock()
		w.seen = append(w.seen, noted)
		w.mu.Unlock()
		for name := range r.Header {
			if strings.HasPrefix(name, "Sec-Fetch-") {
				r.Header.Del(name)
			}
		}
		to.ServeHTTP(rw, r)
	}))
	t.Cleanup(w.Close)
	return w
}

func (w *watch) requests() []http.Header {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]http.Header{}, w.seen...)
}

// console hands requests on to the console as they are.
func (d *desk) console(t *testing.T) http.Handler {
	t.Helper()
	to, err := url.Parse(d.Console)
	if err != nil {
		t.Fatal(err)
	}
	return &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host
	}}
}

// referrer: a browser that says nothing but Origin, as Safari did before 16.4, can send forms; what it tells of the page
// that it comes from has no secret, and goes to the console alone.
func (d *desk) referrer(t *testing.T) {
	here, elsewhere := newWatch(t, d.console(t)), newWatch(t, http.NotFoundHandler())
	token := tokens.Sign(t, world.Meet, tokens.Claims(german, "standup", nil))
	p := d.browser.Tab(t)
	away := func() {
		t.Helper()
		p.Do(t, `document.querySelector("h1").innerHTML = "<a id=away href=`+elsewhere.URL+`>away</a>"`)
		p.Follow(t, "#away")
	}
	p.Go(t, here.URL+"/enter")
	away()
	_, secret, _ := strings.Cut(d.link(t), "#") // good for a minute
	p.Go(t, here.URL+"/enter#"+secret)
	if status := p.Follow(t, "main button[type=submit]"); status != http.StatusOK {
		t.Fatalf("the form is answered with %d:\n%s", status, p.Text(t))
	}
	p.Go(t, here.URL+"/explain")
	p.Type(t, "#token", token)
	if status := p.Follow(t, "main form button[type=submit]"); status != http.StatusOK {
		t.Errorf("the other form is answered with %d", status)
	}
	away()
	p.Go(t, here.URL+"/sessions?q=user1")
	away()
	p.Complaints(t) // of pages that are not there
	told, posts := 0, 0
	for _, r := range here.requests() {
		if from := r.Get("Referer"); from != "" {
			told++
			if strings.Contains(from, secret) || strings.Contains(from, strings.Split(token, ".")[1]) {
				t.Errorf("%q has a secret in its Referer", r["Request"])
			}
		}
		if r["Request"][0] == http.MethodPost {
			posts++
			if r.Get("Origin") != here.URL {
				t.Errorf("%q is of %q", r["Request"], r.Get("Origin"))
			}
		}
	}
	others := elsewhere.requests()
	if told == 0 || posts != 2 || len(others) < 3 {
		t.Errorf("%d say where they come from, %d forms, %d requests elsewhere", told, posts, len(others))
	}
	for _, r := range others {
		if from := r.Get("Referer"); from != "" && !strings.HasPrefix(from, elsewhere.URL) { // its own, for its icon
			t.Errorf("another server is told of %s", from)
		}
	}
}
