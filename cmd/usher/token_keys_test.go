package main

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
	"testing"
	"time"

	"usher/auth"
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
	e, err := newExaminer(t.Context(), &config{auth: asapConfig(server.URL)})
	if err != nil {
		t.Fatal(err)
	}
	defer e.close()
	token, err := auth.Mint(signing, "app/one", map[string]any{
		"iss": "my-app", "sub": "meet.example.com", "room": "*", "exp": time.Now().Add(time.Hour).Unix(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if r := e.explain(auth.Credentials{Door: "explain", Token: token}); !r.Allowed {
		t.Fatalf("refused: %+v", r)
	}
	e.patience = 200 * time.Millisecond
	other, err := auth.Mint(signing, "app/two", map[string]any{"iss": "my-app"})
	if err != nil {
		t.Fatal(err)
	}
	if r := e.explain(auth.Credentials{Door: "explain", Token: other}); r.Reason != auth.ReasonUnknownKey || e.patience > 0 {
		t.Errorf("a key that the server does not have: %+v, patience %v", r, e.patience)
	}
}

func asapConfig(url string) auth.Config {
	return auth.Config{Hosts: map[string]auth.HostConfig{"meet.example.com": {Issuers: map[string]auth.IssuerConfig{
		"my-app": {ASAPURL: url, Algorithms: []string{"ES256"}, RequireExp: true, RequireRoom: true},
	}}}}
}

func newECKey(t *testing.T) (signing auth.SigningKey, public []byte) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	if signing, err = auth.ParseSigningKey(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), "ES256"); err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return signing, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}
