package auth_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"

	"usher/auth"
	"usher/auth/authtest"
	"usher/auth/keys"
)

// benchClaims make a token of about 670 bytes, as Jitsi's are.
func benchClaims() map[string]any {
	return authtest.Claims(host, map[string]any{
		"moderator": true, "iat": now.Unix(), "nbf": now.Unix(), "room": "standup",
		"context": map[string]any{
			"user":     map[string]any{"id": "alice@example.com", "name": "Alice Example", "email": "alice@example.com", "avatar": "https://example.com/avatars/alice-example-0123456789.png", "affiliation": "owner"},
			"features": map[string]any{"livestreaming": true, "recording": true, "transcription": false},
			"group":    "engineering",
		},
	})
}

func BenchmarkVerify(b *testing.B) {
	b.Run("HS256", func(b *testing.B) { benchHMAC(b, false) })
	b.Run("HS256 cached", func(b *testing.B) { benchHMAC(b, true) })
	b.Run("RS256", benchRSA)
	b.Run("ES256", benchECDSA)
	b.Run("EdDSA", benchEd25519)
}

func benchHMAC(b *testing.B, cached bool) {
	token := authtest.Token(b, benchClaims())
	c := authtest.Config(host)
	input := []byte(token[:strings.LastIndexByte(token, '.')])
	reference := func() {
		h := hmac.New(sha256.New, []byte(authtest.Secret))
		h.Write(input)
		h.Sum(nil)
	}
	authtest.Compare(b, 1000, reference, login(b, c, token, cached))
}

// login verifies the token from the start each time, unless cached.
func login(b *testing.B, c auth.Config, token string, cached bool) func() {
	v, err := auth.New(c, auth.Options{})
	if err != nil {
		b.Fatal(err)
	}
	credentials := auth.Credentials{Door: "bench", Host: host, Token: token}
	return func() {
		if !cached {
			auth.ForgetVerdict(v, token)
		}
		if _, err := v.Authenticate(context.Background(), credentials); err != nil {
			b.Fatal(err)
		}
	}
}

func benchPublic(b *testing.B, alg string, private crypto.Signer, verify func(input, signature []byte) bool) {
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		b.Fatal(err)
	}
	key, err := keys.ParseSigningKey(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), alg)
	if err != nil {
		b.Fatal(err)
	}
	token, err := keys.Mint(key, "", benchClaims())
	if err != nil {
		b.Fatal(err)
	}
	der, err = x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		b.Fatal(err)
	}
	keys, err := keys.ParsePublicKeys(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), "bench.pem")
	if err != nil {
		b.Fatal(err)
	}
	config := hostConfig(func(_ *auth.HostConfig, i *auth.IssuerConfig) { i.Keys.Files, i.Algorithms = keys, []string{alg} })
	dot := strings.LastIndexByte(token, '.')
	input := []byte(token[:dot])
	signature, err := base64.RawURLEncoding.DecodeString(token[dot+1:])
	if err != nil || !verify(input, signature) {
		b.Fatal("the reference does not verify")
	}
	authtest.Compare(b, 30, func() { verify(input, signature) }, login(b, config, token, false))
}

func benchRSA(b *testing.B) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	benchPublic(b, "RS256", private, func(input, signature []byte) bool {
		sum := sha256.Sum256(input)
		return rsa.VerifyPKCS1v15(&private.PublicKey, crypto.SHA256, sum[:], signature) == nil
	})
}

func benchECDSA(b *testing.B) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	benchPublic(b, "ES256", private, func(input, signature []byte) bool {
		sum := sha256.Sum256(input)
		r, s := authtest.Halves(signature)
		return ecdsa.Verify(&private.PublicKey, sum[:], r, s)
	})
}

func benchEd25519(b *testing.B) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	benchPublic(b, "EdDSA", private, func(input, signature []byte) bool { return ed25519.Verify(public, input, signature) })
}

func BenchmarkRefuseGarbage(b *testing.B) {
	v, err := auth.New(authtest.Config(host), auth.Options{})
	if err != nil {
		b.Fatal(err)
	}
	credentials := auth.Credentials{Door: "bench", Host: host, Token: strings.Repeat("A", 1<<20)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Authenticate(context.Background(), credentials); err == nil {
			b.Fatal("garbage was let in")
		}
	}
}
