package explain

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/keys"
)

// An ASAP source fetches a key when a token names it, so the first look finds
// none; an examiner looks again.
func TestExaminerWaitsForASAP(t *testing.T) {
	signing, public := newECKey(t)
	sum := sha256.Sum256([]byte("app/one"))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/"+hex.EncodeToString(sum[:])+".pem" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(public)
	}))
	defer server.Close()
	e, err := newExaminer(t.Context(), asapConfig(server.URL))
	if err != nil {
		t.Fatal(err)
	}
	defer e.close()
	token, err := keys.Mint(signing, "app/one", map[string]any{
		"iss": "my-app", "sub": "meet.example.com", "room": "*", "exp": time.Now().Add(time.Hour).Unix(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if r := e.explain(t.Context(), auth.Credentials{Door: "explain", Token: token}); !r.Allowed {
		t.Fatalf("refused: %+v", r)
	}
	other, err := keys.Mint(signing, "app/two", map[string]any{"iss": "my-app"})
	if err != nil {
		t.Fatal(err)
	}
	if r := e.explain(t.Context(), auth.Credentials{Door: "explain", Token: other}); r.Reason != auth.ReasonUnknownKey ||
		e.patience <= 0 {
		t.Errorf("a key that the server does not have: %+v, patience %v", r, e.patience)
	}
}

// TestExplainedKeySets: the line of the key tells what a key server gave.
func TestExplainedKeySets(t *testing.T) {
	signing, _ := newECKey(t)
	token, err := keys.Mint(signing, "k", map[string]any{
		"iss": "my-app", "sub": "meet.example.com", "room": "*", "exp": time.Now().Add(time.Hour).Unix(),
	})
	if err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string][]string{
		`{"jwks_uri":"https://id.example.com/certs"}`: {"keys_unavailable: ", "fetched, and refused: the answer is a discovery document", `"https://id.example.com/certs"`},
		`{"keys":[{"kty":"oct","k":"AAAA"}]}`:         {"keys_unavailable: ", "no key of the set can be used; key 1: a shared secret in a published set"},
		`{"keys":[{"kty":"EC","kid":"k","use":"enc"},{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"other"}]}`: {
			"unknown_key: ", `key 1 (kid "k"): its use is "enc", not sig`, "/keys has 1: other"},
		`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"k"}]}`: {"unknown_key: ", `the issuer's key "k" is for EdDSA, and the token's alg is ES256`},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(body))
		}))
		defer server.Close()
		c := asapConfig("")
		c.Hosts["meet.example.com"].Issuers["my-app"] = auth.IssuerConfig{
			Keys: keys.Config{Locations: []keys.Location{{Kind: keys.JWKSURL,
				URL: server.URL + "/keys?hush"}}}, Algorithms: []string{"ES256"},
		}
		e, err := newExaminer(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		defer e.close()
		r := e.explain(t.Context(), auth.Credentials{Door: "explain", Token: token})
		i := slices.IndexFunc(r.Checks, func(l auth.CheckLine) bool { return l.Name == "key" })
		for _, text := range want {
			if !strings.Contains(r.Checks[i].Detail, text) || strings.Contains(r.Checks[i].Detail, "hush") {
				t.Errorf("%s: %q, want %q", body, r.Checks[i].Detail, text)
			}
		}
	}
}

func asapConfig(url string) auth.Config {
	return auth.Config{Hosts: map[string]auth.HostConfig{"meet.example.com": {Issuers: map[string]auth.IssuerConfig{
		"my-app": {Keys: keys.Config{Locations: []keys.Location{{Kind: keys.ASAPURL, URL: url}}},
			Algorithms: []string{"ES256"}, RequireExp: true, RequireRoom: true},
	}}}}
}

func newECKey(t *testing.T) (signing keys.SigningKey, public []byte) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	if signing, err = keys.ParseSigningKey(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
		"ES256"); err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return signing, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}
