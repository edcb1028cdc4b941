package keystest

import (
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
	"maps"
	"math/big"
	"testing"
)

// ECKey returns a new public key on P-256.
func ECKey(t testing.TB) *ecdsa.PublicKey {
	t.Helper()
	return &must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)).PublicKey
}

// JWK writes a public key as a JWK (RFC 7517), with more members. An elliptic
// curve must be P-256.
func JWK(public crypto.PublicKey, more map[string]any) map[string]any {
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

// JWKSet writes a JWK set.
func JWKSet(keys ...map[string]any) string {
	return string(must(json.Marshal(map[string]any{"keys": keys})))
}

// PEM writes a public key in PEM.
func PEM(public crypto.PublicKey) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(public))}))
}

// ASAPPath is where an ASAP key server at /keys has the file of a kid.
func ASAPPath(kid string) string {
	digest := sha256.Sum256([]byte(kid))
	return "/keys/" + hex.EncodeToString(digest[:]) + ".pem"
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err) // a constant of the test is wrong
	}
	return v
}
