package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

const back = "https://meet.example.com/login/callback"

// A site is a provider and a browser.
type site struct {
	t      *testing.T
	base   string // of the server
	issuer string
	client *http.Client
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t}
	var h http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	s.base, s.issuer = server.URL, server.URL+"/realms/main"
	var err error
	h, err = handler(config{Issuer: s.issuer, Lifetime: 300, Says: true,
		Clients: []client{{ID: "meet", Secret: "hidden", Redirects: []string{back}, PostLogout: []string{back}}},
		Users: []user{{ID: "1", Name: "alice", Password: "right", First: "Alice", Last: "A", Picture: "https://a/",
			Claims: map[string]any{"realm_access": map[string]any{"roles": []string{"moderator"}}}}}})
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	s.client = &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), back) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	return s
}

// do returns the body, or where the answer leads.
func (s *site) do(r *http.Response, err error) (string, *url.URL) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	to, _ := r.Location()
	return string(text), to
}

// ask begins a sign-in.
func (s *site) ask(change func(url.Values)) (string, *url.URL) {
	s.t.Helper()
	sum := sha256.Sum256([]byte("verifier"))
	q := url.Values{"client_id": {"meet"}, "response_type": {"code"}, "scope": {"openid profile"}, "state": {"s"},
		"redirect_uri": {back}, "nonce": {"n"}, "code_challenge_method": {"S256"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}}
	if change != nil {
		change(q)
	}
	return s.do(s.client.Get(s.issuer + "/" + authorize + "?" + q.Encode()))
}

// send sends the form of a page.
func (s *site) send(page, password, button string) (string, *url.URL) {
	s.t.Helper()
	_, id, _ := strings.Cut(page, `name="id" value="`)
	id, _, found := strings.Cut(id, `"`)
	if !found {
		s.t.Fatalf("no form:\n%s", page)
	}
	return s.do(s.client.PostForm(s.issuer+"/signin",
		url.Values{"id": {id}, "username": {"alice"}, "password": {password}, "do": {button}}))
}

// redeem exchanges a code.
func (s *site) redeem(code, verifier string) map[string]any {
	s.t.Helper()
	q := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {back},
		"code_verifier": {verifier}, "client_id": {"meet"}, "client_secret": {"hidden"}}
	text, _ := s.do(s.client.PostForm(s.issuer+"/protocol/openid-connect/token", q))
	var got map[string]any
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		s.t.Fatalf("%v: %s", err, text)
	}
	return got
}

// claims verifies a token by the published keys.
func (s *site) claims(token any) map[string]any {
	s.t.Helper()
	text, _ := s.do(s.client.Get(s.issuer + "/protocol/openid-connect/certs"))
	var set jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(text), &set); err != nil {
		s.t.Fatal(err)
	}
	signed, err := jose.ParseSignedCompact(token.(string), []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		s.t.Fatal(err)
	}
	body, err := signed.Verify(set)
	if err != nil {
		s.t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(body, &got); err != nil {
		s.t.Fatal(err)
	}
	return got
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	page, _ := s.ask(nil)
	page, _ = s.send(page, "wrong", "signin")
	if !strings.Contains(page, "is wrong") {
		t.Fatalf("a wrong password leads to\n%s", page)
	}
	_, to := s.send(page, "right", "signin")
	if q := to.Query(); q.Get("state") != "s" || q.Get("iss") != s.issuer || q.Get("code") == "" {
		t.Fatalf("it leads to %s", to)
	}
	if got := s.redeem(to.Query().Get("code"), "another"); got["id_token"] != nil {
		t.Error("another verifier is taken")
	}
	got := s.redeem(to.Query().Get("code"), "verifier")
	id := s.claims(got["id_token"])
	roles := id["realm_access"].(map[string]any)["roles"].([]any)
	if id["iss"] != s.issuer || id["sub"] != "1" || id["nonce"] != "n" || id["name"] != "Alice A" ||
		id["picture"] != "https://a/" || !slices.Equal(roles, []any{"moderator"}) {
		t.Errorf("the ID token says %v", id)
	}
	if access := s.claims(got["access_token"]); access["preferred_username"] != "alice" {
		t.Errorf("the access token says %v", access)
	}
	if got := s.redeem(to.Query().Get("code"), "verifier"); got["id_token"] != nil {
		t.Error("a code is good twice")
	}
}

// A browser that has signed in is not asked again until it signs out, or the client wants it.
func TestSession(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	page, _ := s.ask(nil)
	s.send(page, "right", "signin")
	if _, to := s.ask(nil); to == nil {
		t.Error("who has signed in is asked again")
	}
	if page, _ := s.ask(func(q url.Values) { q.Set("prompt", "login") }); !strings.Contains(page, "<form") {
		t.Error("who must sign in anew is not asked")
	}
	q := url.Values{"client_id": {"meet"}, "post_logout_redirect_uri": {back}}
	if _, to := s.do(s.client.Get(s.issuer + "/" + logout + "?" + q.Encode())); to == nil || to.String() != back {
		t.Errorf("a logout leads to %v", to)
	}
	page, _ = s.ask(nil)
	if !strings.Contains(page, "<form") {
		t.Error("who has signed out is not asked")
	}
	if _, to := s.send(page, "", "cancel"); to == nil || to.Query().Get("error") != "access_denied" {
		t.Errorf("who cancels goes to %v", to)
	}
}

// Without nonce or PKCE by SHA-256 nobody gets a code.
func TestStrict(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for name, change := range map[string]func(url.Values){
		"no nonce":     func(q url.Values) { q.Del("nonce") },
		"no challenge": func(q url.Values) { q.Del("code_challenge") },
		"plain":        func(q url.Values) { q.Set("code_challenge_method", "plain") },
	} {
		if _, to := s.ask(change); to == nil || to.Query().Get("error") != "invalid_request" {
			t.Errorf("%s: it leads to %v", name, to)
		}
	}
	if page, to := s.ask(func(q url.Values) { q.Set("redirect_uri", "https://evil.example.com/") }); to != nil ||
		strings.Contains(page, "<form") {
		t.Errorf("another address to come back to: %v\n%s", to, page)
	}
}

func TestRotate(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	count := func() int {
		text, _ := s.do(s.client.Get(s.issuer + "/protocol/openid-connect/certs"))
		return strings.Count(text, `"kid"`)
	}
	for _, step := range []struct {
		query string
		keys  int
	}{{"?keep=1", 2}, {"", 1}} {
		s.do(s.client.Post(s.base+"/control/rotate"+step.query, "", nil))
		if got := count(); got != step.keys {
			t.Errorf("%q leaves %d keys, not %d", step.query, got, step.keys)
		}
	}
	page, _ := s.ask(nil)
	_, to := s.send(page, "right", "signin")
	s.claims(s.redeem(to.Query().Get("code"), "verifier")["id_token"])
}
