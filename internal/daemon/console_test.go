package daemon

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/auth/authtest"
	"usher/internal/admin"
	"usher/internal/config"
	"usher/internal/config/configtest"
	"usher/internal/console/access"
	"usher/internal/recent"
	"usher/metrics"
)

const consoleConfig = `state: "memory:"
listen: {dovecot: DIR/a.sock, metrics: DIR/m.sock, admin: DIR/c.sock, console: CONSOLE}
console: {URL hosts: [HOST], admins: [{host: meet.example.com, issuer: my-app, claim: roles=usher-admin, audience: AUDIENCE}]}
hosts: {meet.example.com: {issuers: {my-app: {secret_files: [a.secret], audience: [jitsi]}}, tokens: {subject: any}}}
`

// A consoleWorld is a whole daemon with a console.
type consoleWorld struct {
	t       *testing.T
	dir     string
	log     *lockedBuffer
	origin  string // of the console
	secrets []string
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func startConsole(t *testing.T) *consoleWorld { return startConsoleAt(t, "127.0.0.1:0", "") }

func startConsoleAt(t *testing.T, listen, more string) *consoleWorld {
	t.Helper()
	dir, err := os.MkdirTemp("", "usher") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	w := &consoleWorld{t: t, dir: dir, log: &lockedBuffer{}}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	configtest.PutFile(t, dir, "a.secret", secretA, 0o600)
	path := w.write("CONSOLE", listen, "URL", more, "HOST", "usher.example.com", "AUDIENCE", "usher-console")
	ctx, stop := context.WithCancel(t.Context())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- Run(ctx, Input{Config: path, Version: "test", Stderr: w.log, Ready: func() { close(ready) }})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		w.nothingSecret()
	})
	select {
	case <-ready:
	case <-time.After(20 * time.Second):
		t.Fatalf("not ready:\n%s", w.log)
	}
	var s admin.Status
	w.call("GET", "/status", &s)
	w.origin = "http://" + s.Listeners["console"]
	return w
}

// write writes the configuration with some words in the place of others.
func (w *consoleWorld) write(replace ...string) string {
	w.t.Helper()
	text := strings.NewReplacer(append(replace, "URL ", "")...).Replace(consoleConfig)
	text = strings.ReplaceAll(text, "DIR", w.dir)
	return configtest.PutFile(w.t, w.dir, "usher.yaml", text, 0o600)
}

func (w *consoleWorld) call(method, path string, v any) {
	w.t.Helper()
	if err := admin.Call(w.t.Context(), filepath.Join(w.dir, "c.sock"), method, path, nil, v); err != nil {
		w.t.Fatal(err)
	}
}

// link returns the secret of a new one.
func (w *consoleWorld) link() string {
	w.t.Helper()
	var link admin.ConsoleLink
	w.call("POST", admin.ConsolePath, &link)
	secret, ok := strings.CutPrefix(link.URL, w.origin+"/enter#")
	if !ok || !link.Local || time.Until(link.Until) > time.Minute {
		w.t.Fatalf("%+v", link)
	}
	w.secrets = append(w.secrets, secret)
	return secret
}

// A browser keeps cookies, and follows nothing by itself.
type browser struct {
	w *consoleWorld
	*http.Client
}

func (w *consoleWorld) browser() *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{w, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func (b *browser) get(path string) (int, string) { return b.ask("GET", path, nil) }

func (b *browser) ask(method, path string, form url.Values, header ...string) (int, string) {
	b.w.t.Helper()
	req, err := http.NewRequestWithContext(b.w.t.Context(), method, b.w.origin+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.w.t.Fatal(err)
	}
	if method == "POST" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		if req.Header.Set(header[i], header[i+1]); header[i] == "Host" {
			req.Host = header[i+1]
		}
	}
	resp, err := b.Do(req)
	if err != nil {
		b.w.t.Fatal(err)
	}
	defer resp.Body.Close()
	content, _ := io.ReadAll(resp.Body)
	for _, c := range resp.Cookies() {
		b.w.secrets = append(b.w.secrets, c.Value)
	}
	if resp.Header.Get("Content-Security-Policy") == "" || resp.Header.Get("Cache-Control") == "" {
		b.w.t.Errorf("%s %s: %v", method, path, resp.Header)
	}
	return resp.StatusCode, string(content)
}

func (b *browser) enter(code string) int {
	b.w.t.Helper()
	status, _ := b.ask("POST", "/enter", url.Values{"code": {code}})
	return status
}

// isIn reports whether the overview is shown.
func (b *browser) isIn() bool {
	b.w.t.Helper()
	status, _ := b.get("/")
	if status != http.StatusOK && status != http.StatusSeeOther {
		b.w.t.Errorf("GET /: %d", status)
	}
	return status == http.StatusOK
}

// nothingSecret looks for secrets, cookies and tokens in the log.
func (w *consoleWorld) nothingSecret() {
	for _, secret := range w.secrets {
		if secret != "" && strings.Contains(w.log.String(), secret) {
			w.t.Errorf("a secret is in the log:\n%s", w.log)
		}
	}
}

// token is one that makes an operator, with other claims in the place of some.
func (w *consoleWorld) token(more map[string]any) string {
	now := time.Now().Unix()
	claims := authtest.Claims(reloadHost, map[string]any{"aud": "usher-console", "roles": []string{"usher-admin"}, "room": nil,
		"iat": now, "exp": now + 300})
	maps.Copy(claims, more)
	token := authtest.TokenBy(w.t, secretA, claims)
	w.secrets = append(w.secrets, token, token[strings.LastIndex(token, ".")+1:])
	return token
}

// audit is who did what, in words.
func (w *consoleWorld) audit() (list []string) {
	w.t.Helper()
	var changes []recent.Change
	w.call("GET", admin.AuditPath, &changes)
	for _, c := range changes {
		result := "refused"
		if c.Done {
			result = "done"
		}
		list = append(list, c.By()+": "+c.Command+" "+result)
	}
	return list
}

// TestConsoleByLink: a link lets an operator in once, what is changed then stands in the audit with who had the link made,
// and whoever leaves is out.
func TestConsoleByLink(t *testing.T) {
	w := startConsole(t)
	secret := w.link()
	b, other := w.browser(), w.browser()
	if b.isIn() {
		t.Error("nobody is in")
	}
	if status := b.enter(secret); status != http.StatusSeeOther || !b.isIn() {
		t.Errorf("entering: %d", status)
	}
	if status := other.enter(secret); status != http.StatusForbidden || other.isIn() {
		t.Errorf("the second time: %d", status)
	}
	if status, page := b.ask("POST", "/reload", nil); status >= 400 {
		t.Errorf("a change: %d %s", status, page)
	}
	if status, _ := b.ask("POST", "/reload", nil, "Sec-Fetch-Site", "same-site", "Origin", "https://meet.example.com"); status != 403 {
		t.Errorf("a change by the meetings' page: %d", status)
	}
	if status, _ := b.ask("GET", "/", nil, "Host", "evil.example.com"); status != http.StatusMisdirectedRequest {
		t.Errorf("another Host: %d", status)
	}
	if status, _ := b.ask("POST", "/leave", nil); status != http.StatusSeeOther || b.isIn() {
		t.Errorf("leaving: %d", status)
	}
	var me string
	for _, line := range w.audit() {
		if by, what, _ := strings.Cut(line, ": "); what == "console done" {
			me = by
		}
	}
	for _, want := range []string{"console enter done", "reload done", "console leave done"} {
		if !slices.Contains(w.audit(), "console, link of "+me+": "+want) || me == "" {
			t.Errorf("%s is not in %q", want, w.audit())
		}
	}
}

// TestConsoleByToken: a token of console.admins lets an operator in, until it is revoked; no link to a meeting does.
func TestConsoleByToken(t *testing.T) {
	w := startConsole(t)
	b := w.browser()
	if status := b.enter(w.token(map[string]any{"aud": "jitsi", "room": "*"})); status != http.StatusForbidden || b.isIn() {
		t.Errorf("a link to a meeting: %d", status)
	}
	token := w.token(nil)
	if status := b.enter(token); status != http.StatusSeeOther || !b.isIn() {
		t.Errorf("a token: %d", status)
	}
	if thief := w.browser(); thief.enter(token) != http.StatusForbidden || thief.isIn() {
		t.Error("the token again")
	}
	if status, _ := b.ask("POST", "/reload", nil); status >= 400 {
		t.Errorf("a change: %d", status)
	}
	if audit := w.audit(); !slices.Contains(audit, "console: alice (my-app): reload done") {
		t.Errorf("the audit has %q", audit)
	}
	// A token's session is no way to a link, which would outlive it.
	resp, err := w.browser().Post(w.origin+admin.ConsolePath, "application/x-www-form-urlencoded", nil)
	if err != nil || resp.StatusCode != http.StatusNotFound {
		t.Errorf("%v %v", resp, err)
	}
	_ = resp.Body.Close()
	var answer admin.RevokeAnswer
	w.call("POST", "/sessions/revoke?user=alice&host="+reloadHost+"&issuer=my-app", &answer)
	if b.isIn() {
		t.Errorf("the token was revoked: %+v", answer)
	}
	if status := b.enter(w.token(map[string]any{"jti": "2"})); status != http.StatusForbidden {
		t.Errorf("entering with a revoked token: %d", status)
	}
}

// TestConsoleOverUnixSocket: behind a web server that comes by a path, links begin with console.url, and the cookie is one
// of https alone.
func TestConsoleOverUnixSocket(t *testing.T) {
	w := startConsoleAt(t, "DIR/console.sock", "url: 'https://console.example.com', ")
	var link admin.ConsoleLink
	w.call("POST", admin.ConsolePath, &link)
	secret, ok := strings.CutPrefix(link.URL, "https://console.example.com/enter#")
	if !ok || link.Local {
		t.Fatalf("%+v", link)
	}
	w.secrets = append(w.secrets, secret)
	b := w.browser()
	b.Transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(w.dir, "console.sock"))
	}}
	w.origin = "http://console.example.com"
	form := url.Values{"code": {link.URL}}
	if status, _ := b.ask("POST", "/enter", form); status != http.StatusForbidden {
		t.Errorf("over plain http: %d", status)
	}
	header := []string{"X-Forwarded-Proto", "https", "X-Forwarded-For", "192.0.2.7"}
	if status, _ := b.ask("POST", "/enter", form, header...); status != http.StatusSeeOther {
		t.Fatalf("over https: %d", status)
	}
	cookie := "__Host-usher=" + w.secrets[len(w.secrets)-1]
	if status, _ := b.ask("GET", "/", nil, append(header, "Cookie", cookie)...); status != http.StatusOK {
		t.Errorf("with the cookie: %d", status)
	}
	if status, _ := b.ask("GET", "/", nil, append(header, "Cookie", strings.TrimPrefix(cookie, "__Host-"))...); status != http.StatusSeeOther {
		t.Errorf("with its other name: %d", status)
	}
}

// TestConsoleReload: hosts and admins change while it runs; an operator is none any more whose entry is gone; and where it
// listens wants a restart.
func TestConsoleReload(t *testing.T) {
	w := startConsole(t)
	byToken, byLink := w.browser(), w.browser()
	byToken.enter(w.token(nil))
	byLink.enter(w.link())
	asHost := func(host string) int {
		status, _ := byLink.ask("GET", "/enter", nil, "Host", host, "X-Forwarded-Proto", "https")
		return status
	}
	if asHost("usher.example.com") != 200 || asHost("other.example.com") != 421 || !byToken.isIn() || !byLink.isIn() {
		t.Fatal("before the reload")
	}
	var result admin.Reload
	listen := strings.TrimPrefix(w.origin, "http://")
	w.write("CONSOLE", listen, "HOST", "other.example.com", "AUDIENCE", "usher-operators")
	w.call("POST", "/reload", &result)
	if result.OK || !strings.Contains(strings.Join(result.Problems, "\n"), "listen.console changed from 127.0.0.1:0 to "+listen+", which needs a restart") {
		t.Errorf("another address: %+v", result)
	}
	w.write("CONSOLE", "127.0.0.1:0", "HOST", "other.example.com", "AUDIENCE", "usher-operators")
	w.call("POST", "/reload", &result)
	if !result.OK {
		t.Fatalf("%+v", result)
	}
	if asHost("usher.example.com") != 421 || asHost("other.example.com") != 200 {
		t.Error("hosts are as before")
	}
	if byToken.isIn() || !byLink.isIn() {
		t.Error("who is in is as before, or nobody")
	}
	if status := byToken.enter(w.token(map[string]any{"aud": "usher-operators"})); status != http.StatusSeeOther {
		t.Errorf("a token of the new entry: %d", status)
	}
}

// TestWithoutConsole: nothing of a console is there unless it is configured, and nothing is counted for it.
func TestWithoutConsole(t *testing.T) {
	w := newReloadWorld(t)
	none := w.rooms.console
	if none != nil || none.tasks(w.daemon) != nil || none.history() != nil || none.forCommands() != nil {
		t.Error("there is something of a console")
	}
	if commit, err := none.prepare(&config.Config{}); err != nil || commit == nil {
		t.Error(err)
	}
	if link, page := w.rooms.moderatorLink("a@"+reloadHost, reloadRoom); link != "" || page {
		t.Error("a moderator is sent somewhere")
	}
	var answer admin.ConsoleLink
	err := admin.Within(w.adminHandler(), nil).Call(admin.WithAuthor(t.Context(), admin.Author{Via: "test"}), "POST", admin.ConsolePath, nil, &answer)
	if err != nil || answer.URL != "" || answer.Problem == "" {
		t.Errorf("%+v %v", answer, err)
	}
	if n := testing.AllocsPerRun(100, func() { w.rooms.console.invite(access.Moderator{}) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestConsoleClock: what the console says of times is by the clock that it is handed.
func TestConsoleClock(t *testing.T) {
	then := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	c := &config.Config{}
	c.Listen.Console.Name = "127.0.0.1:0"
	part, err := newConsole(c, nil, metrics.New("test"), nil, func() time.Time { return then })
	if err != nil {
		t.Fatal(err)
	}
	origin := "https://usher.example.com"
	part.origin.Store(&origin)
	if link := part.Link(t.Context(), nil, "root"); !link.Until.Equal(then.Add(access.OperatorLinkFor)) {
		t.Errorf("the link is good until %v", link.Until)
	}
}
