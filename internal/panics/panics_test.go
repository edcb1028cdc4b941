package panics_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"usher/internal/panics"
	"usher/metrics"
)

const secret = "sesame"

// ways to panic, with the type that the log names.
var ways = map[string]func(){
	"string":                 func() { panic(secret) },
	"*panics_test.holder":    func() { panic(&holder{secret}) },
	"runtime.boundsError":    func() { _ = []byte(secret)[len(secret)+int(secret[0])] },
	"*runtime.PanicNilError": func() { panic(nil) },
	"runtime.errorString":    func() { var p *holder; p.text = secret },
	"*errors.errorString":    func() { panic(io.EOF) },
}

type holder struct{ text string }

func (h *holder) Error() string { return h.text }

func newReporter() (*panics.Reporter, *strings.Builder, *metrics.Metrics) {
	var log strings.Builder
	m := metrics.New("test")
	return panics.New(slog.New(slog.NewTextHandler(&log, nil)), m), &log, m
}

// TestOneLine: a panic is one line with its place, and without its value.
func TestOneLine(t *testing.T) {
	for kind, way := range ways {
		p, log, m := newReporter()
		refused := false
		func() {
			defer p.Recover("dovecot", "AUTH", func() { refused = true })
			way()
		}()
		text := log.String()
		switch {
		case !refused:
			t.Errorf("%s: nothing was answered", kind)
		case strings.Count(text, "\n") != 1 || strings.Contains(text, secret):
			t.Errorf("%s: the log says %s", kind, text)
		}
		for _, part := range []string{"msg=panic", "door=dovecot", "path=AUTH", "panics_test.init.func", "panics_test.go:"} {
			if !strings.Contains(text, part) {
				t.Errorf("%s: no %s in %s", kind, part, text)
			}
		}
		if !strings.Contains(text, "type="+kind) && !strings.Contains(text, "type=runtime.") {
			t.Errorf("%s: %s", kind, text)
		}
		if got := scrape(t, m); !strings.Contains(got, `usher_panics_total{door="dovecot"} 1`) {
			t.Errorf("%s is not counted", kind)
		}
	}
}

// TestFloodOfPanics: whoever found a fault cannot fill the disk with it.
func TestFloodOfPanics(t *testing.T) {
	p, log, m := newReporter()
	for range 1000 {
		func() {
			defer p.Recover("a made-up door", "AUTH", func() {})
			panic(secret)
		}()
	}
	if n := strings.Count(log.String(), "\n"); n > 3 {
		t.Errorf("%d lines", n)
	}
	if got := scrape(t, m); !strings.Contains(got, `usher_panics_total{door="other"} 1000`) {
		t.Error("they are not counted")
	}
}

func scrape(t *testing.T, m *metrics.Metrics) string {
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	return w.Body.String()
}

// TestServe: no answer that had begun is taken for a whole one.
func TestServe(t *testing.T) {
	for name, row := range map[string]struct {
		serve http.HandlerFunc
		body  string // empty: the connection is cut without a byte
	}{
		"before the answer":   {func(http.ResponseWriter, *http.Request) { panic(secret) }, "refused"},
		"headers are set":     {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Allowed", "true"); panic(secret) }, "refused"},
		"in the answer":       {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "tr"); panic(secret) }, ""},
		"after the answer":    {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "true"); panic(secret) }, ""},
		"after the status":    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200); panic(secret) }, ""},
		"the client went":     {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, ""},
		"no panic whatsoever": {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "true") }, "true"},
	} {
		p, _, _ := newReporter()
		for _, reporter := range []*panics.Reporter{p, nil} {
			srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				reporter.Serve("http", w, r, row.serve, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "refused", 500) })
			}))
			srv.Start()
			resp, err := srv.Client().Get(srv.URL)
			body := ""
			if err == nil {
				b, _ := io.ReadAll(resp.Body)
				body = strings.TrimSpace(string(b))
				_ = resp.Body.Close()
			}
			if body != row.body || (row.body == "") != (err != nil) {
				t.Errorf("%s: %q, %v", name, body, err)
			}
			srv.Close()
		}
	}
}
