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

// A ring hands out tokens that the verifier does not know, one after the other. They
// are so few that they stay in the processor's cache, as one that was just received is.
type ring struct {
	texts              []string
	inputs, signatures [][]byte
	at                 int
}

// inRing is how many tokens a ring has: enough that to ask for the time does not count.
const inRing = 100

// newRing mints tokens that differ in their iat.
func newRing(b *testing.B, mint func(claims map[string]any) string) *ring {
	r := &ring{}
	for i := range inRing {
		claims := benchClaims()
		claims["iat"] = now.Unix() - int64(i)
		token := mint(claims)
		dot := strings.LastIndexByte(token, '.')
		signature, err := base64.RawURLEncoding.DecodeString(token[dot+1:])
		if err != nil {
			b.Fatal(err)
		}
		r.texts, r.inputs = append(r.texts, token), append(r.inputs, []byte(token[:dot]))
		r.signatures = append(r.signatures, signature)
	}
	return r
}

// next returns the index of the next token.
func (r *ring) next() int {
	r.at = (r.at + 1) % len(r.texts)
	return r.at
}

// compare measures logins beside what a verification cannot do without. Unless they are
// to be found in the cache, the verifier forgets the tokens ahead of each turn.
func (r *ring) compare(b *testing.B, n int, c auth.Config, cached bool, bare func(input, signature []byte) bool) {
	v, err := auth.New(c, auth.Options{})
	if err != nil {
		b.Fatal(err)
	}
	login := func() {
		credentials := auth.Credentials{Door: "bench", Host: host, Token: r.texts[r.next()]}
		if _, err := v.Authenticate(context.Background(), credentials); err != nil {
			b.Fatal(err)
		}
	}
	reference := func() {
		if i := r.next(); !bare(r.inputs[i], r.signatures[i]) {
			b.Fatal("the reference does not verify")
		}
	}
	for range r.texts {
		login()
	}
	forget := func() {
		for _, token := range r.texts {
			auth.ForgetVerdict(v, token)
		}
	}
	if cached {
		forget = func() {}
	}
	authtest.CompareWork(b, n, len(r.texts), forget, reference, login)
}

func benchHMAC(b *testing.B, cached bool) {
	r := newRing(b, func(claims map[string]any) string { return authtest.Token(b, claims) })
	r.compare(b, 2000, authtest.Config(host), cached, func(input, signature []byte) bool {
		h := hmac.New(sha256.New, []byte(authtest.Secret))
		h.Write(input)
		return hmac.Equal(h.Sum(nil), signature)
	})
}

func benchPublic(b *testing.B, alg string, private crypto.Signer, bare func(input, signature []byte) bool) {
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		b.Fatal(err)
	}
	key, err := keys.ParseSigningKey(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), alg)
	if err != nil {
		b.Fatal(err)
	}
	r := newRing(b, func(claims map[string]any) string {
		token, err := keys.Mint(key, "", claims)
		if err != nil {
			b.Fatal(err)
		}
		return token
	})
	der, err = x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		b.Fatal(err)
	}
	keys, err := keys.ParsePublicKeys(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), "bench.pem")
	if err != nil {
		b.Fatal(err)
	}
	config := hostConfig(func(_ *auth.HostConfig, i *auth.IssuerConfig) { i.Keys.Files, i.Algorithms = keys, []string{alg} })
	r.compare(b, inRing, config, false, bare)
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
