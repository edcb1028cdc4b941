package page_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"usher/e2e/browser/driver"
	"usher/e2e/browser/page"
)

func request(t *testing.T, h http.Handler, method, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body)))
	return w
}

func TestNew(t *testing.T) {
	driver.Require(t)
	h, err := page.New(page.Site{Domain: "meet.test"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]struct{ kind, part string }{
		"/board?jwt=x":      {"text/html; charset=utf-8", `<script src="/start.js">`},
		"/acme/board?jwt=x": {"text/html; charset=utf-8", `<script src="/start.js">`},
		"/jitsi/board":      {"text/html; charset=utf-8", `<script src="/start.js">`},
		"/start.js":         {"text/javascript", "'strophe'"},
		"/strophe.js":       {"text/javascript", "Strophe"},
		"/meet.css":         {"text/css", ".pill"},
		"/config.js": {"text/javascript",
			`"hosts":{"anonymousdomain":"guest.meet.test","domain":"meet.test","muc":"conference.meet.test"}`},
	} {
		w := request(t, h, http.MethodGet, path, "")
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != want.kind ||
			!strings.Contains(w.Body.String(), want.part) ||
			w.Header().Get("Referrer-Policy") != "no-referrer" || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
	if w := request(t, h, http.MethodPost, "/report", "{}"); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("nobody asked for reports, but one gets %d", w.Code)
	}
}

func TestReport(t *testing.T) {
	driver.Require(t)
	var got []page.State
	h, err := page.New(page.Site{}, func(s page.State) { got = append(got, s) })
	if err != nil {
		t.Fatal(err)
	}
	const sent = `{"room":"board","status":"joined","first":{"role":"moderator","affiliation":"owner"},"now":null,
		"occupants":{"a":{"role":"participant","affiliation":"none","jid":"a@b/c","own":true}},"error":null,"resumed":false,"unknown":1}`
	if w := request(t, h, http.MethodPost, "/report", sent); w.Code != http.StatusNoContent {
		t.Errorf("got %d", w.Code)
	}
	no := false
	want := page.State{
		Room: "board", Status: "joined", First: page.Rank{Role: "moderator", Affiliation: "owner"}, Resumed: &no,
		Occupants: map[string]page.Occupant{"a": {Rank: page.Rank{Role: "participant", Affiliation: "none"},
			JID: "a@b/c", Own: true}},
	}
	if len(got) != 1 || !reflect.DeepEqual(got[0], want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	for _, bad := range []string{"", "{", `{"room":1}`, `{"room":"` + strings.Repeat("x", 1<<20) + `"}`} {
		if w := request(t, h, http.MethodPost, "/report", bad); w.Code != http.StatusBadRequest || len(got) != 1 {
			t.Errorf("%.20q gets %d", bad, w.Code)
		}
	}
}

func TestWrite(t *testing.T) {
	driver.Require(t)
	dir := t.TempDir()
	if err := page.Write(dir, page.Site{}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"index.html", "config.js", "strophe.js", "start.js", "app.js"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := page.Write(filepath.Join(dir, "missing"), page.Site{}); err == nil {
		t.Error("a folder that is not there was written to")
	}
}

// Without Strophe there is no page; without lib-jitsi-meet there is, and it says so under /jitsi/.
func TestMissing(t *testing.T) {
	driver.Require(t)
	t.Setenv(page.JitsiEnv, t.TempDir())
	if _, err := page.FindJitsi(); !errors.Is(err, page.ErrNoJitsi) {
		t.Errorf("got %v", err)
	}
	h, err := page.New(page.Site{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := request(t, h, http.MethodGet, "/config.js", "").Body.String(); !strings.Contains(got, `"jitsi":false`) {
		t.Error(got)
	}
	t.Setenv(page.StropheEnv, t.TempDir())
	if _, err := page.FindStrophe(); !errors.Is(err, page.ErrMissing) {
		t.Errorf("got %v", err)
	}
	if _, err := page.New(page.Site{}, nil); !errors.Is(err, page.ErrMissing) {
		t.Errorf("got %v", err)
	}
	if err := page.Write(t.TempDir(), page.Site{}); !errors.Is(err, page.ErrMissing) {
		t.Errorf("got %v", err)
	}
}
