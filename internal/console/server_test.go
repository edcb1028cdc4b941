package console

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"usher/internal/admin"
	"usher/internal/console/access"
	"usher/internal/console/route"
	"usher/moderation"
)

// noTokens make nobody an operator.
type noTokens struct{}

func (noTokens) Prove(context.Context, string) (access.Operator, error) {
	return access.Operator{}, errors.New("none")
}

// A bench is a server with a page and a form for each kind of viewer.
type bench struct {
	*Server
	state   *access.State
	changes []admin.Change
	served  atomic.Int64
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{state: access.New(access.Options{Lives: func(moderation.ID) bool { return true }})}
	page := func(pattern string, f route.For) route.Route {
		return route.Route{Pattern: pattern, For: f, Serve: func(w http.ResponseWriter, _ *http.Request) { b.served.Add(1) }}
	}
	var err error
	b.Server, err = New(Options{State: b.state, Tokens: noTokens{}, Look: plainLook{},
		Audit: func(_ context.Context, c admin.Change) { b.changes = append(b.changes, c) },
		Routes: []route.Route{page("GET /{$}", route.Operators), page("POST /sessions/revoke", route.Operators),
			page("GET /both", route.Operators), page("GET /both", route.Moderators), page("GET /lobby", route.Moderators), page("POST /lobby/admit", route.Moderators),
			page("GET /style.css", route.Anybody)}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := b.Prepare(Settings{URL: "https://console.example.com", Hosts: []string{"other.example.com"},
		Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	if err != nil {
		t.Fatal(err)
	}
	p.Commit()
	return b
}

// ask sends a request as the web server does; cookie may be empty.
func (b *bench) ask(method, path, body, cookie string, header ...string) *httptest.ResponseRecorder {
	if body != "" {
		header = append([]string{"Content-Type", "application/x-www-form-urlencoded"}, header...)
	}
	return b.send(method, path, strings.NewReader(body), cookie, header...)
}

func (b *bench) send(method, path string, body io.Reader, cookie string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, body)
	r.Host, r.RemoteAddr = "console.example.com", "127.0.0.1:1234"
	r.Header.Set("X-Forwarded-Proto", "https")
	r.Header.Set("X-Forwarded-For", "192.0.2.7")
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		} else if header[i] == "Remote" {
			r.RemoteAddr = header[i+1]
		} else if header[i+1] == "" {
			r.Header.Del(header[i])
		} else {
			r.Header.Set(header[i], header[i+1])
		}
	}
	if cookie != "" {
		r.AddCookie(&http.Cookie{Name: secureCookie, Value: cookie})
	}
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	return w
}

// enter uses a code, and returns the cookie's value.
func (b *bench) enter(t *testing.T, code string) string {
	t.Helper()
	w := b.ask("POST", "/enter", url.Values{"code": {code}}.Encode(), "")
	cookies := w.Result().Cookies()
	if w.Code != http.StatusSeeOther || len(cookies) != 1 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return cookies[0].Value
}

// TestRoutesByViewer: each page is shown to whom it is for, and to nobody else.
func TestRoutesByViewer(t *testing.T) {
	b := newBench(t)
	uid := uint32(0)
	secret, _ := b.state.OperatorLink(&uid, "root")
	operator := b.enter(t, "https://console.example.com/enter#"+secret)
	invitation, _ := b.state.ModeratorLink(access.Moderator{Account: "m@meet.example.com", Host: "meet.example.com"})
	moderator := b.enter(t, " "+invitation+"\n")
	for _, c := range []struct {
		method, path                  string
		stranger, moderator, operator int
	}{
		{"GET", "/", 303, 303, 200},
		{"POST", "/sessions/revoke", 401, 403, 200},
		{"GET", "/both", 303, 200, 200},
		{"GET", "/lobby", 303, 200, 303},
		{"POST", "/lobby/admit", 401, 200, 403},
		{"GET", "/style.css", 200, 200, 200},
		{"HEAD", "/style.css", 200, 200, 200},
		{"GET", "/enter", 200, 200, 200},
		{"GET", "/nothing", 404, 404, 404},
		{"GET", "//lobby", 404, 404, 404},
		{"GET", "/x/../lobby", 404, 404, 404},
		{"POST", "/lobby", 405, 405, 405},
		{"PUT", "/lobby", 405, 405, 405},
		{"OPTIONS", "/", 405, 405, 405},
		{"GET", "/leave", 405, 405, 405},
	} {
		for who, want := range map[string]int{"": c.stranger, moderator: c.moderator, operator: c.operator} {
			before := b.served.Load()
			w := b.ask(c.method, c.path, "", who)
			if w.Code != want || (b.served.Load() > before) != (want == 200 && c.path != "/enter") {
				t.Errorf("%s %s: %d, want %d (of %.4s), served %v", c.method, c.path, w.Code, want, who, b.served.Load() > before)
			}
		}
	}
	for cookie, want := range map[string]string{operator: "root", "": ""} {
		if who := b.ask("GET", "/nothing", "", cookie).Header().Get("Test-Viewer"); who != want {
			t.Errorf("the page that there is not is shown to %q, not %q", who, want)
		}
	}
	if who := b.ask("GET", "/nothing", "", operator, "Host", "evil.example").Header().Get("Test-Viewer"); who != "" {
		t.Errorf("another host's page is shown who has entered: %s", who)
	}
	if w := b.ask("POST", "/leave", "", operator); w.Code != 303 || b.ask("GET", "/", "", operator).Code != 303 {
		t.Errorf("leaving: %d", w.Code)
	}
	for cookie, want := range map[string]string{operator: "/enter?ended", "": "/enter"} {
		if to := b.ask("GET", "/", "", cookie).Header().Get("Location"); to != want {
			t.Errorf("led to %s, not %s", to, want)
		}
	}
	var seen []string
	for _, c := range b.changes {
		seen = append(seen, c.By()+" "+c.Command)
	}
	want := "console, link of root (uid 0) console enter, console: m@meet.example.com console enter, " +
		"console, link of root (uid 0) console leave"
	if got := strings.Join(seen, ", "); got != want {
		t.Errorf("the audit has: %s", got)
	}
}

// TestBadRoutes: a route for nobody is no route for everybody, and a pattern has one answer for each viewer.
func TestBadRoutes(t *testing.T) {
	serve := func(http.ResponseWriter, *http.Request) {}
	events := func(*route.Stream) error { return nil }
	for name, list := range map[string][]route.Route{
		"for nobody":        {{Pattern: "GET /a", Serve: serve}},
		"does nothing":      {{Pattern: "GET /a", For: route.Viewers}},
		"does both":         {{Pattern: "GET /a", For: route.Viewers, Serve: serve, Events: events}},
		"events for all":    {{Pattern: "GET /a", For: route.Anybody, Events: events}},
		"twice":             {{Pattern: "GET /a", For: route.Viewers, Serve: serve}, {Pattern: "GET /a", For: route.Operators, Serve: serve}},
		"one of the server": {{Pattern: "GET /enter", For: route.Operators, Serve: serve}},
	} {
		if _, err := New(Options{Routes: list}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestSlowBodies: a session that sends its forms slowly holds some connections, and no other session's.
func TestSlowBodies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		invite := func(account string) string {
			secret, _ := b.state.ModeratorLink(access.Moderator{Account: account})
			return b.enter(t, secret)
		}
		slow, other := invite("slow@meet.example.com"), invite("other@meet.example.com")
		body, end := io.Pipe()
		var waiting sync.WaitGroup
		for range 16 {
			waiting.Go(func() {
				if w := b.send("POST", "/lobby/admit", body, slow, "Content-Type", "application/x-www-form-urlencoded"); w.Code != 200 {
					t.Error(w.Code)
				}
			})
		}
		synctest.Wait()
		if w := b.ask("GET", "/lobby", "", slow); w.Code != 503 || w.Header().Get("Retry-After") == "" {
			t.Errorf("one more of the session: %d", w.Code)
		}
		if w := b.ask("GET", "/lobby", "", other); w.Code != 200 {
			t.Errorf("another session: %d", w.Code)
		}
		if w := b.ask("GET", "/style.css", "", slow); w.Code != 200 {
			t.Errorf("the styles: %d", w.Code)
		}
		_ = end.Close()
		waiting.Wait()
		if w := b.ask("GET", "/lobby", "", slow); w.Code != 200 {
			t.Errorf("once they are answered: %d", w.Code)
		}
	})
}
