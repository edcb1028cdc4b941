package auth

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"maps"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"usher/metrics"
)

// A roundTripper answers fetches without a network.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answer(status int, cacheControl, body string) (*http.Response, error) {
	h := http.Header{}
	if cacheControl != "" {
		h.Set("Cache-Control", cacheControl)
	}
	return &http.Response{StatusCode: status, Header: h, ContentLength: -1, Body: io.NopCloser(strings.NewReader(body))}, nil
}

func hang(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// testOptions log into the buffer, if there is one.
func testOptions(t http.RoundTripper, log *bytes.Buffer) sourceOptions {
	h := slog.DiscardHandler
	if log != nil {
		h = slog.NewTextHandler(log, nil)
	}
	return sourceOptions{Log: slog.New(h), Metrics: metrics.New("test"), Now: time.Now, Transport: t}
}

// start runs a source until the test ends.
func start(t *testing.T, s *source) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); s.run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
}

func newECKey(t testing.TB) *ecdsa.PublicKey {
	t.Helper()
	return &must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)).PublicKey
}

// jwkOf writes a public key as a JWK, with more members.
func jwkOf(public crypto.PublicKey, more map[string]any) map[string]any {
	e := base64.RawURLEncoding.EncodeToString
	jwk := map[string]any{}
	switch p := public.(type) {
	case *ecdsa.PublicKey:
		point := must(p.ECDH()).Bytes()
		jwk["kty"], jwk["crv"], jwk["x"], jwk["y"] = "EC", "P-256", e(point[1:33]), e(point[33:])
	case *rsa.PublicKey:
		jwk["kty"], jwk["n"], jwk["e"] = "RSA", e(p.N.Bytes()), e(big.NewInt(int64(p.E)).Bytes())
	case ed25519.PublicKey:
		jwk["kty"], jwk["crv"], jwk["x"] = "OKP", "Ed25519", e(p)
	}
	maps.Copy(jwk, more)
	return jwk
}

func jwkSet(keys ...map[string]any) string {
	return string(must(json.Marshal(map[string]any{"keys": keys})))
}

func pemOf(public crypto.PublicKey) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(public))}))
}

func asapPath(kid string) string {
	digest := sha256.Sum256([]byte(kid))
	return "/keys/" + hex.EncodeToString(digest[:]) + ".pem"
}
