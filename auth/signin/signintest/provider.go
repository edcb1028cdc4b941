// Package signintest answers one question for tests of the sign-in: what does a provider send? [Provider] is a stand-in
// for one, with habits that real ones have or should not have; the tests against a real one are in e2e. It starts the
// goroutines of an httptest server, which its Close ends.
package signintest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/auth/keys"
	"usher/auth/keys/keystest"
)

// What usher is at the provider.
const (
	ClientID = "meet"
	Secret   = "client secret: a+b/c"
)

// A Provider is a stand-in for an OpenID provider. Its fields may be changed between requests, with Change.
type Provider struct {
	*httptest.Server

	mu sync.Mutex
	Habits
	codes map[string]asked
	kid   string
	sign  keys.SigningKey
	jwks  string

	Asked     []url.Values // of each request for a token, its form
	Basic     []string     // of each, the user name and password of Authorization
	SignedOut []url.Values // of each request to sign out
	Fetches   map[string]int
}

// Habits are what the provider does otherwise than a plain one.
type Habits struct {
	Claims   map[string]any            // of the next ID tokens, over the usual ones; a nil value takes one away
	Metadata map[string]any            // likewise of the metadata
	Answer   func(url.Values)          // changes the answer that the browser brings back
	Token    http.HandlerFunc          // instead of the answer to a code
	Keys     func(jwks string) string  // changes the key set
	Discover http.HandlerFunc          // instead of the metadata
	Sign     func(token string) string // changes an ID token
}

type asked struct{ nonce, challenge, redirect string }

// New starts a provider, whose keys are RSA.
func New(t testing.TB) *Provider {
	t.Helper()
	p := &Provider{codes: map[string]asked{}, Fetches: map[string]int{}}
	p.Rotate(t, "RS256")
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discover)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	mux.HandleFunc("GET /jwks", p.keys)
	mux.HandleFunc("GET /logout", p.signOut)
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.Fetches[r.URL.Path]++
		p.mu.Unlock()
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

// Change changes habits between requests.
func (p *Provider) Change(f func(h *Habits)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(&p.Habits)
}

// Seen reads what was asked, while the provider serves.
func (p *Provider) Seen(f func(p *Provider)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(p)
}

// Rotate makes a new key, which signs from now on, and publishes it alone.
func (p *Provider) Rotate(t testing.TB, alg string) {
	t.Helper()
	var private crypto.Signer
	var err error
	if strings.HasPrefix(alg, "ES") {
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	} else {
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	sign, err := keys.ParseSigningKey(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), alg)
	if err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kid, p.sign = rand.Text(), sign
	p.jwks = keystest.JWKSet(keystest.JWK(private.Public(), map[string]any{"kid": p.kid, "alg": alg, "use": "sig"}))
}

func (p *Provider) discover(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	h := p.Habits
	p.mu.Unlock()
	if h.Discover != nil {
		h.Discover(w, r)
		return
	}
	m := map[string]any{
		"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token",
		"jwks_uri": p.URL + "/jwks", "end_session_endpoint": p.URL + "/logout",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"}, "code_challenge_methods_supported": []string{"S256"},
	}
	over(m, h.Metadata)
	write(w, http.StatusOK, m)
}

// over lays claims over others; a nil value takes one away.
func over(m, more map[string]any) {
	for name, value := range more {
		if value == nil {
			delete(m, name)
		} else {
			m[name] = value
		}
	}
}

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// authorize signs everybody in at once.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	code := rand.Text()
	p.mu.Lock()
	p.codes[code] = asked{q.Get("nonce"), q.Get("code_challenge"), q.Get("redirect_uri")}
	h := p.Habits
	p.mu.Unlock()
	answer := url.Values{"code": {code}, "state": {q.Get("state")}}
	if h.Answer != nil {
		h.Answer(answer)
	}
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+answer.Encode(), http.StatusFound)
}

// token exchanges a code, once, for who has the verifier of its challenge.
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	name, password, _ := r.BasicAuth()
	p.mu.Lock()
	p.Asked, p.Basic = append(p.Asked, maps.Clone(r.PostForm)), append(p.Basic, name+":"+password)
	h, code := p.Habits, r.PostForm.Get("code")
	of, known := p.codes[code]
	delete(p.codes, code)
	p.mu.Unlock()
	if h.Token != nil {
		h.Token(w, r)
		return
	}
	sum := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
	if !known || of.challenge != base64.RawURLEncoding.EncodeToString(sum[:]) ||
		of.redirect != r.PostForm.Get("redirect_uri") {
		write(w, http.StatusBadRequest,
			map[string]string{"error": "invalid_grant", "error_description": "code " + code})
		return
	}
	write(w, http.StatusOK, map[string]any{"access_token": rand.Text(), "token_type": "Bearer", "expires_in": 300,
		"id_token": p.IDToken(of.nonce, h)})
}

// IDToken makes an ID token for alice.
func (p *Provider) IDToken(nonce string, h Habits) string {
	now := time.Now().Unix()
	claims := map[string]any{"iss": p.URL, "aud": ClientID, "sub": "alice", "nonce": nonce, "iat": now,
		"exp": now + 300, "name": "Alice Example", "email": "alice@example.com", "email_verified": true,
		"picture": "https://id.example.com/alice.png"}
	over(claims, h.Claims)
	p.mu.Lock()
	defer p.mu.Unlock()
	token, err := keys.Mint(p.sign, p.kid, claims)
	if err != nil {
		panic(err) // a constant of the test is wrong
	}
	if h.Sign != nil {
		token = h.Sign(token)
	}
	return token
}

func (p *Provider) keys(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	jwks := p.jwks
	if p.Keys != nil {
		jwks = p.Keys(jwks)
	}
	p.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(jwks))
}

func (p *Provider) signOut(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.SignedOut = append(p.SignedOut, r.URL.Query())
	p.mu.Unlock()
	http.Redirect(w, r, r.URL.Query().Get("post_logout_redirect_uri"), http.StatusFound)
}
