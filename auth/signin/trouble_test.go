package signin_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/signin"
	"usher/auth/signin/signintest"
)

// TestProviderInTrouble: whatever the provider answers to a code, the person reads what to do, and no word of it is
// shown or logged.
func TestProviderInTrouble(t *testing.T) {
	t.Parallel()
	const secret = "SECRET-of-the-answer"
	elsewhere := signintest.New(t)
	for name, row := range map[string]struct {
		answer http.HandlerFunc
		want   auth.Reason
	}{
		"500": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, secret, 500) }, auth.ReasonProviderUnavailable},
		"429": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, secret, http.StatusTooManyRequests) }, auth.ReasonProviderUnavailable},
		"404": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, secret, 404) }, auth.ReasonSignInRefused},
		"its no": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(400)
			_, _ = io.WriteString(w, `{"error":"invalid_client","error_description":"`+secret+`"}`)
		}, auth.ReasonSignInRefused},
		"no JSON": {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, secret) }, auth.ReasonProviderUnavailable},
		"no ID token": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"access_token":"`+secret+`","token_type":"Bearer"}`)
		}, auth.ReasonProviderUnavailable},
		"an ID token of another kind": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"access_token":"`+secret+`","token_type":"Bearer","id_token":["`+secret+`"]}`)
		}, auth.ReasonProviderUnavailable},
		"a redirect to another": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL+"/token", http.StatusTemporaryRedirect)
		}, auth.ReasonProviderUnavailable},
		"huge": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"access_token":"`+strings.Repeat("x", 1<<20)+`"`)
		}, auth.ReasonProviderUnavailable},
		"hangs up": {func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }, auth.ReasonProviderUnavailable},
	} {
		w := newWorld(t, nil)
		w.provider.Change(func(h *signintest.Habits) { h.Token = row.answer })
		a := w.get("/login?room=a")
		t.Log(name)
		w.refused(a, row.want)
		reason, detail := w.outcomes.last()
		if text := a.body + w.log.String() + detail; strings.Contains(text, secret) || strings.Contains(text, "client secret") {
			t.Errorf("%s: %s: %s", name, reason, text)
		}
	}
	elsewhere.Seen(func(p *signintest.Provider) {
		if len(p.Asked) > 0 {
			t.Errorf("the code went to another server: %v", p.Asked)
		}
	})
}

// TestProviderAway: without metadata a page says so; they are asked for again, and what there was stays.
func TestProviderAway(t *testing.T) {
	t.Parallel()
	p := signintest.New(t)
	bad := func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "away", http.StatusBadGateway) }
	p.Change(func(h *signintest.Habits) { h.Discover = bad })
	w := newWorldAt(t, p, nil)
	a := w.get("/login?room=Standup")
	w.refused(a, auth.ReasonProviderUnavailable)
	if !strings.Contains(a.body, "/Standup") || !strings.Contains(w.log.String(), "502") {
		t.Errorf("%s\n%s", a.body, w.log)
	}
	if s := w.door.Status()[0]; s.Known || s.Failed.IsZero() ||
		s.Failure != "the server answers 502 Bad Gateway to "+p.URL+"/.well-known/openid-configuration" {
		t.Errorf("%+v", s)
	}
}

// TestMetadata: a provider that is another's, or that leads where nothing may be asked, is none.
func TestMetadata(t *testing.T) {
	t.Parallel()
	for name, more := range map[string]map[string]any{
		"another issuer":                 {"issuer": "https://evil.example"},
		"none":                           {"issuer": nil},
		"a slash behind it":              {"issuer": "/"},
		"no token endpoint":              {"token_endpoint": nil},
		"http to another machine":        {"token_endpoint": "http://id.example.com/token"},
		"a metadata service":             {"jwks_uri": "https://169.254.169.254/keys"},
		"a script":                       {"authorization_endpoint": "javascript:alert(1)"},
		"a password in it":               {"authorization_endpoint": "https://a:b@id.example.com/"},
		"no way to send the secret":      {"token_endpoint_auth_methods_supported": []string{"private_key_jwt"}},
		"PKCE in plain text only":        {"code_challenge_methods_supported": []string{"plain"}},
		"an end of sessions that is odd": {"end_session_endpoint": "ftp://id.example.com"},
		"another policy in a host":       {"end_session_endpoint": "https://id.example.com;script-src"},
	} {
		p := signintest.New(t)
		if more["issuer"] == "/" {
			more["issuer"] = p.URL + "/"
		}
		p.Change(func(h *signintest.Habits) { h.Metadata = more })
		w := newWorldAt(t, p, nil)
		t.Log(name)
		w.refused(w.get("/login?room=a"), auth.ReasonProviderUnavailable)
	}
	for name, discover := range map[string]http.HandlerFunc{
		"huge": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "{"+strings.Repeat(" ", 300<<10)+"}")
		},
		"twice":  func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"issuer":"a","issuer":"b"}`) },
		"a list": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `[]`) },
		"redirected": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		},
	} {
		p := signintest.New(t)
		p.Change(func(h *signintest.Habits) { h.Discover = discover })
		w := newWorldAt(t, p, nil)
		t.Log(name)
		w.refused(w.get("/login?room=a"), auth.ReasonProviderUnavailable)
	}
}

// TestTabs: five sign-ins of a browser are under way at most, the oldest goes, and a header of a web server holds them all.
func TestTabs(t *testing.T) {
	t.Parallel()
	clock := &clock{}
	w := newWorld(t, func(_ *world, _ *signin.HostSettings, o *signin.Options) { o.Now = clock.now })
	var backs []string
	for i := range 6 {
		backs = append(backs, w.begin(fmt.Sprint("/login?room=room", i)))
		clock.add(2 * time.Second)
	}
	cookies := func() (n, bytes int) {
		for _, c := range w.browser.Jar.Cookies(mustURL(t, w.http.URL)) {
			n, bytes = n+1, bytes+len(c.Name)+len(c.Value)+3
		}
		return n, bytes
	}
	if n, _ := cookies(); n != 5 {
		t.Errorf("%d cookies", n)
	}
	w.refused(w.get(backs[0]), auth.ReasonSignInState)
	for _, back := range backs[1:] {
		if a := w.get(back); a.token() == "" {
			t.Error(a.body)
		}
	}
	for i := range 5 {
		w.begin(fmt.Sprint("/login?room=room", i, "&state=", url.QueryEscape(`{"config.a":"`+strings.Repeat("x", 1900)+`"}`)))
		clock.add(2 * time.Second)
	}
	if n, bytes := cookies(); bytes > 8<<10-512 {
		t.Errorf("%d cookies of %d bytes", n, bytes)
	}
}

// TestCookies: nobody but the door reads them, and only over https is their name one that no other host can set.
func TestCookies(t *testing.T) {
	t.Parallel()
	for scheme, want := range map[string]string{"https": "__Host-login-", "http": "login-"} {
		w := newWorld(t, func(w *world, h *signin.HostSettings, _ *signin.Options) {
			h.URL = strings.Replace(w.http.URL, "http", scheme, 1)
		})
		browser := *w.browser
		browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		resp, err := browser.Get(w.http.URL + "/login?room=a")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		state := mustURL(t, resp.Header.Get("Location")).Query().Get("state")
		c := resp.Cookies()[0]
		if c.Name != want+state[:8] || !c.HttpOnly || c.Secure != (scheme == "https") || c.SameSite != http.SameSiteLaxMode || c.Path != "/" ||
			c.MaxAge != 600 || c.Domain != "" || strings.Contains(c.Value, "room") {
			t.Errorf("%s: %+v", scheme, c)
		}
		for name, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%s: %q", name, got)
			}
		}
	}
}

// TestSignOut: a GET changes nothing; a POST of our own page ends the sessions of this browser's tokens, and no other's.
func TestSignOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	var prints []string
	for range 2 {
		prints = append([]string{auth.TokenPrint(w.get("/login?room=a").token())}, prints...)
	}
	if a := w.get("/login/logout"); a.status != http.StatusOK || !strings.Contains(a.body, `<form method="post"`) || len(w.ended) > 0 ||
		!strings.Contains(a.body, `content="same-origin"`) || a.header.Get("Referrer-Policy") != "same-origin" || !strings.Contains(a.header.Get("Content-Security-Policy"), "form-action 'self' "+w.provider.URL) {
		t.Errorf("%d %v %s", a.status, a.header, a.body)
	}
	for name, header := range map[string]http.Header{
		"another site":   {"Sec-Fetch-Site": {"cross-site"}},
		"another origin": {"Origin": {"https://evil.example"}},
		"a sister":       {"Sec-Fetch-Site": {"same-site"}},
	} {
		if a := w.go1(http.MethodPost, "/login/logout", header); a.status != http.StatusForbidden || len(w.ended) > 0 {
			t.Errorf("%s: %d, ended %q", name, a.status, w.ended)
		}
	}
	a := w.go1(http.MethodPost, "/login/logout", http.Header{"Sec-Fetch-Site": {"same-origin"}})
	if a.status != http.StatusOK || !strings.Contains(a.body, "You are signed out") || fmt.Sprint(w.ended) != fmt.Sprint(prints) {
		t.Errorf("%d %s, ended %q, want %q", a.status, a.body, w.ended, prints)
	}
	w.provider.Seen(func(p *signintest.Provider) {
		if q := p.SignedOut[0]; q.Get("client_id") != "meet" || q.Has("id_token_hint") || !strings.HasPrefix(q.Get("post_logout_redirect_uri"), w.http.URL) {
			t.Errorf("%v", q)
		}
	})
	w.ended = nil // and a browser without Sec-Fetch-Site
	if a := w.go1(http.MethodPost, "/login/logout", http.Header{"Origin": {w.http.URL}}); a.status != http.StatusOK || len(w.ended) > 0 {
		t.Errorf("again: %d, ended %q", a.status, w.ended)
	}
	if a := w.go1(http.MethodDelete, "/login/logout", nil); a.status != http.StatusMethodNotAllowed || a.header.Get("Allow") != "GET, POST" {
		t.Errorf("%d %v", a.status, a.header)
	}
}

type failing struct{}

func (failing) EndToken(context.Context, string, time.Time) error { return context.DeadlineExceeded }

// TestSignOutFails: who cannot be signed out is told so, and stays signed in.
func TestSignOutFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(_ *world, _ *signin.HostSettings, o *signin.Options) { o.Sessions = failing{} })
	w.get("/login?room=a")
	if a := w.go1(http.MethodPost, "/login/logout", nil); a.status != http.StatusServiceUnavailable {
		t.Errorf("%d", a.status)
	}
	w.provider.Seen(func(p *signintest.Provider) {
		if len(p.SignedOut) > 0 {
			t.Error("the person is signed out at the provider")
		}
	})
}

// shared are the states that several ushers have used.
type shared struct {
	mu   sync.Mutex
	used map[string]bool
	err  error
}

func (s *shared) UseState(_ context.Context, print string, lasts time.Duration) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil || lasts <= 0 || lasts > 10*time.Minute {
		return false, fmt.Errorf("%v: %w", lasts, s.err)
	}
	first := !s.used[print]
	s.used[print] = true
	return first, nil
}

// TestTwoUshers: what one usher has begun another ends, and what one has used no other uses; where that cannot be told
// nobody is signed in.
func TestTwoUshers(t *testing.T) {
	t.Parallel()
	states := &shared{used: map[string]bool{}}
	p := signintest.New(t)
	change := func(at *world) func(w *world, h *signin.HostSettings, o *signin.Options) {
		return func(w *world, h *signin.HostSettings, o *signin.Options) {
			o.States = states
			if at != nil {
				h.URL = at.http.URL
			}
		}
	}
	a := newWorldAt(t, p, change(nil))
	b := newWorldAt(t, p, change(a))
	back := a.begin("/login?room=a")
	at := func(w *world) string { return w.http.URL + strings.TrimPrefix(back, a.http.URL) }
	b.browser.Jar.SetCookies(mustURL(t, b.http.URL), a.browser.Jar.Cookies(mustURL(t, a.http.URL)))
	got := b.get(at(b))
	if reason, detail := b.outcomes.last(); reason != "ok" || !strings.HasPrefix(got.at.Fragment, "jwt=") {
		t.Fatalf("%s %s, %v", reason, detail, got.at)
	}
	a.refused(a.get(at(a)), auth.ReasonSignInState)
	states.err = io.ErrUnexpectedEOF
	a.refused(a.get("/login?room=a"), auth.ReasonClusterStale)
}

// TestReload: what is taken out is gone at once, a provider that stays keeps what is known of it, and bad settings change nothing.
func TestReload(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	back := w.begin("/login?room=a")
	before := w.provider.Fetches["/.well-known/openid-configuration"]
	h := w.settings.Hosts[host]
	h.Rooms = []string{"b*"}
	w.configure(signin.Settings{Secrets: append([][]byte{[]byte(strings.Repeat("another-", 8))}, w.settings.Secrets...),
		Hosts: map[string]signin.HostSettings{host: h}})
	w.refused(w.get(back), auth.ReasonSignInRoom) // by what is in force now, with the secret that was replaced
	if a := w.get("/login?room=b"); a.token() == "" {
		t.Error(a.body)
	}
	w.provider.Seen(func(p *signintest.Provider) {
		if n := p.Fetches["/.well-known/openid-configuration"]; n != before {
			t.Errorf("the metadata were fetched %d times", n)
		}
	})
	h.Pages = nil
	if _, err := w.door.Prepare(signin.Settings{Secrets: w.settings.Secrets, Hosts: map[string]signin.HostSettings{host: h}}); err == nil {
		t.Error("without a page")
	}
	if _, err := w.door.Prepare(signin.Settings{Hosts: w.settings.Hosts}); err == nil {
		t.Error("without a secret")
	}
	w.configure(signin.Settings{})
	for _, path := range []string{"/login?room=b", "/login/logout", "/login/callback/" + host} {
		if a := w.get(path); a.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.status)
		}
	}
}

// TestLanguages: a page is in the first language of the browser that there are words in, and our own style is the one
// that its policy lets it have.
func TestLanguages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for languages, want := range map[string]string{
		"": "This sign-in is over.", "fr, de-AT;q=0.8, en;q=0.5": "Diese Anmeldung ist vorbei.", "en-GB,de": "This sign-in is over.", "xx": "This sign-in is over.",
	} {
		a := w.go1(http.MethodGet, "/login/callback/"+host+"?state=x", http.Header{"Accept-Language": {languages}})
		_, style, _ := strings.Cut(a.body, "<style>")
		style, _, _ = strings.Cut(style, "</style>")
		sum := sha256.Sum256([]byte(style))
		policy := a.header.Get("Content-Security-Policy")
		if !strings.Contains(a.body, want) || !strings.Contains(policy, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") ||
			!strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%q: %s, %s", languages, a.body, policy)
		}
	}
	a := w.go1(http.MethodGet, "/login?room=*", http.Header{"Accept-Language": {"de"}})
	if !strings.Contains(a.body, `lang="de"`) || !strings.Contains(a.body, "können Sie sich nicht anmelden") {
		t.Error(a.body)
	}
}
