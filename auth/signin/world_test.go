package signin_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/claim"
	"usher/auth/keys"
	"usher/auth/signin"
	"usher/auth/signin/oidc"
	"usher/auth/signin/signintest"
)

const host = "meet.example.com"

// A world is a door with a provider, and a browser before it.
type world struct {
	t        *testing.T
	provider *signintest.Provider
	door     *signin.Server
	http     *httptest.Server
	settings signin.Settings
	browser  *http.Client
	log      *syncBuffer
	outcomes *outcomes
	ended    []string
	from     netip.Prefix
	second   string // another host with the same settings
}

// A clock is the real one, set forward.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func (c *clock) add(d time.Duration) { c.ahead.Add(int64(d)) }

func mustURL(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func newJar(t *testing.T) http.CookieJar {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return jar
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// outcomes keep what was decided.
type outcomes struct {
	mu   sync.Mutex
	list []auth.Decision
}

func (o *outcomes) Conclude(_ context.Context, _ string, _ *auth.Credentials, d *auth.Decision, _ time.Duration) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.list = append(o.list, *d)
	return nil
}

// last returns the reason of the last decision: "ok", or why it was refused, and the detail.
func (o *outcomes) last() (reason, detail string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.list) == 0 {
		return "", ""
	}
	if r := o.list[len(o.list)-1].Refusal; r != nil {
		return string(r.Reason), r.Detail
	}
	return "ok", ""
}

// EndToken implements [signin.Sessions].
func (w *world) EndToken(_ context.Context, print string, expires time.Time) error {
	if left := time.Until(expires); left <= signin.DefaultTTL-time.Minute || left > signin.DefaultTTL {
		w.t.Errorf("the revocation of a token of %v lasts for %v", signin.DefaultTTL, left)
	}
	w.ended = append(w.ended, print)
	return nil
}

// newWorld starts a door for host, whose settings are changed before.
func newWorld(t *testing.T, change func(w *world, h *signin.HostSettings, o *signin.Options)) *world {
	t.Helper()
	return newWorldAt(t, signintest.New(t), change)
}

// newWorldAt is newWorld with a provider that there is.
func newWorldAt(t *testing.T, p *signintest.Provider,
	change func(w *world, h *signin.HostSettings, o *signin.Options)) *world {
	t.Helper()
	w := &world{t: t, provider: p, log: &syncBuffer{}, outcomes: &outcomes{},
		from: netip.MustParsePrefix("192.0.2.1/32")}
	w.http = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if !w.door.Serves(r.URL.Path) {
			_, _ = io.WriteString(rw, "the page")
			return
		}
		w.door.ServeSignIn(rw, r, w.from)
	}))
	t.Cleanup(w.http.Close)
	secret := bytes.Repeat([]byte("login-"), 8)
	derived, err := signin.TokenSecret(secret, host)
	if err != nil {
		t.Fatal(err)
	}
	key, err := keys.SecretSigningKey(derived, "HS256")
	if err != nil {
		t.Fatal(err)
	}
	h := signin.HostSettings{
		Provider: oidc.Config{Issuer: w.provider.URL, ClientID: signintest.ClientID, Secret: signintest.Secret,
			Scopes: signin.DefaultScopes},
		URL: w.http.URL, Pages: []string{w.http.URL}, Tenants: []string{host}, TTL: signin.DefaultTTL, Key: key,
		Leeway: 10 * time.Second, Moderators: []claim.Test{{Path: claim.Path{"realm_access", "roles"}, Value: "moderator"}},
	}
	o := signin.Options{Outcomes: w.outcomes, Sessions: w, Log: slog.New(slog.NewTextHandler(w.log, nil))}
	if change != nil {
		change(w, &h, &o)
	}
	w.settings = signin.Settings{Secrets: [][]byte{secret}, Hosts: map[string]signin.HostSettings{host: h}}
	if w.second != "" {
		w.settings.Hosts[w.second] = h
	}
	if w.door, err = signin.New(o); err != nil {
		t.Fatal(err)
	}
	w.configure(w.settings)
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = w.door.Run(ctx) })
	t.Cleanup(func() { stop(); running.Wait() })
	w.await(func() bool {
		s := w.door.Status()
		return len(s) > 0 && s[0].Success != s[0].Failed
	})
	w.browser = &http.Client{Jar: newJar(t)}
	return w
}

func (w *world) configure(s signin.Settings) {
	w.t.Helper()
	p, err := w.door.Prepare(s)
	if err != nil {
		w.t.Fatal(err)
	}
	p.Commit()
}

// await waits for what other goroutines do.
func (w *world) await(done func() bool) {
	w.t.Helper()
	for end := time.Now().Add(10 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatalf("it does not come; the log:\n%s", w.log)
		}
	}
}

// An answer is where a browser ended up.
type answer struct {
	status   int
	body     string
	header   http.Header
	at       *url.URL // with the fragment
	redirect []*url.URL
}

// get goes to an address, and follows all redirects, as a browser does.
func (w *world) get(address string) answer {
	w.t.Helper()
	return w.go1(http.MethodGet, address, nil)
}

func (w *world) go1(method, address string, header http.Header) answer {
	w.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = w.http.URL + address
	}
	var a answer
	browser := *w.browser
	browser.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		a.redirect = append(a.redirect, r.URL)
		if r.URL.Scheme != "http" || !strings.HasPrefix(r.URL.Host, "127.0.0.1") {
			return http.ErrUseLastResponse
		}
		return nil
	}
	r, err := http.NewRequestWithContext(w.t.Context(), method, address, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	if header != nil {
		r.Header = header
	}
	resp, err := browser.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	a.status, a.body, a.header, a.at = resp.StatusCode, string(body), resp.Header, resp.Request.URL
	if n := len(a.redirect); n > 0 {
		a.at = a.redirect[n-1]
	}
	return a
}

// begin goes to the provider, and returns the address that it sends the person back to, without going there.
func (w *world) begin(address string) string {
	w.t.Helper()
	back := ""
	browser := *w.browser
	browser.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.Path, signin.CallbackPath) {
			back = r.URL.String()
			return http.ErrUseLastResponse
		}
		return nil
	}
	resp, err := browser.Get(w.http.URL + address)
	if err != nil {
		w.t.Fatal(err)
	}
	resp.Body.Close()
	if back == "" {
		w.t.Fatalf("%s leads nowhere: %v", address, resp.Status)
	}
	return back
}

// token is what stands in the fragment, without its quotes.
func (a answer) token() string {
	token, _, _ := strings.Cut(strings.TrimPrefix(a.at.Fragment, "jwt="), "&")
	return strings.Trim(token, `"`)
}

// claims are those of the token.
func (a answer) claims(t *testing.T) map[string]any {
	t.Helper()
	parts := strings.Split(a.token(), ".")
	if len(parts) != 3 {
		t.Fatalf("no token at %v: %d %s", a.at, a.status, a.body)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	claims := map[string]any{}
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

// refused wants a decision with this reason, and a page for the person.
func (w *world) refused(a answer, reason auth.Reason) {
	w.t.Helper()
	got, detail := w.outcomes.last()
	if got != string(reason) || a.status < 400 || !strings.Contains(a.body, "<title>") || a.token() != "" {
		w.t.Fatalf("%s (%s), %d at %v; want %s", got, detail, a.status, a.at, reason)
	}
}
